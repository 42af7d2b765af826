/** Points as a set: those of another store that are not here are appended, through a writer's slot of our own. */
import { isRunstoneError, type Metric } from "../../store-format/index.js";
import {
  claimWriterSlot,
  type LeaseOwner,
  leaveSlot,
  processOwner,
  type WriterSlot,
} from "../leases/index.js";
import type { StoreContext } from "../store/context.js";
import { freePath } from "../store/key-files.js";
import { THROW_UNREADABLE } from "../store/read/damages.js";
import type { RunLocation } from "../store/read/located.js";
import { readMetricPoints } from "../store/read/metric-points.js";
import { openPointLog } from "../store/runs/open-point-log.js";
import type { PointLog } from "../store/runs/point-log.js";
import { KnownPoints, missingPoints } from "./missing-points.js";
import type { PointSource } from "./receive-points.js";
import type { SeriesHead } from "./run-document.js";

/** Points that are appended by one call. */
const BATCH = 10_000;

let identity: LeaseOwner | null = null;

/** Keys of `theirs` whose points are not all those of `mine`. */
export function differingKeys(mine: readonly SeriesHead[], theirs: readonly SeriesHead[]): string[] {
  const known = new Set(mine.map(headText));
  return [...new Set(theirs.filter((head) => !known.has(headText(head))).map(({ key }) => key))];
}

function headText({ key, count, sha256, dataset }: SeriesHead): string {
  return JSON.stringify([key, count, sha256, dataset?.name, dataset?.digest]);
}

/**
 * Appends to a run what of these keys is missing; the number of points. A key that cannot lie beside those here goes to
 * `onClash`. Durable when it returns. Throws INVALID_STATE while the run is being sealed.
 */
export async function mergePoints(
  context: StoreContext,
  location: RunLocation,
  { keys, points, onClash }: MissingPoints,
): Promise<number> {
  if (keys.length === 0) return 0;
  const appender = new Appender(context, location);
  try {
    for (const key of keys) {
      if (appender.hasClash(key)) onClash(key);
      else await appender.appendMissing(key, points);
    }
    appender.finish();
  } catch (error) {
    appender.giveUp();
    throw error;
  }
  return appender.appended;
}

export interface MissingPoints {
  readonly keys: readonly string[];
  readonly points: PointSource;
  onClash(key: string): void;
}

class Appender {
  readonly #context: StoreContext;
  readonly #location: RunLocation;
  #slot: WriterSlot | null = null;
  #log: PointLog | null = null;
  appended = 0;

  constructor(context: StoreContext, location: RunLocation) {
    this.#context = context;
    this.#location = location;
  }

  hasClash(key: string): boolean {
    try {
      freePath({ owner: this.#location.directory, folder: "metrics" }, key);
      return false;
    } catch (error) {
      if (isRunstoneError(error, "INVALID_PARAMETER_VALUE")) return true;
      throw error;
    }
  }

  /** A point that comes twice is appended once. */
  async appendMissing(key: string, points: PointSource): Promise<void> {
    const known = knownPoints(this.#location, key);
    let batch: Metric[] = [];
    for await (const missing of missingPoints(key, known, points)) {
      for (const point of missing) batch.push({ ...point, key });
      if (batch.length < BATCH) continue;
      this.#append(batch);
      batch = [];
    }
    if (batch.length > 0) this.#append(batch);
  }

  /** Makes what was appended durable, and gives the slot back. */
  finish(): void {
    this.#log?.sync();
    this.#log?.close();
    this.#slot?.release();
  }

  /** After a failure; that failure is what gets reported. */
  giveUp(): void {
    try {
      this.#log?.close();
    } catch (error) {
      if (!isRunstoneError(error)) throw error;
    }
    if (this.#slot !== null) leaveSlot(this.#location.directory, this.#slot);
  }

  #append(batch: readonly Metric[]): void {
    this.#open().appendAll(batch);
    this.appended += batch.length;
  }

  #open(): PointLog {
    identity ??= processOwner("");
    this.#slot ??= claimWriterSlot(this.#location.directory, identity);
    this.#log ??= openPointLog(this.#context, this.#location, this.#slot);
    return this.#log;
  }
}

function knownPoints(location: RunLocation, key: string): KnownPoints {
  const known = new KnownPoints();
  for (const point of readMetricPoints(location, key, THROW_UNREADABLE)) known.add(point);
  return known;
}
