/**
 * Points of logged models, in the files that MLflow reads. The record of a point is the run's own metric file with its
 * link; this is the copy under the model. Unlike a run's file it may have several appenders: each call is one `write()`
 * of whole lines a key, and a tail without LF is cut only when nobody is writing it.
 */
import { join } from "node:path";
import {
  checkKey,
  encodeText,
  keyToPath,
  type Metric,
  serializeModelPoint,
} from "../../../store-format/index.js";
import {
  assertNoLinkBetween,
  LineAppender,
  PendingSync,
  statIfExists,
  wholeLinesLength,
} from "../../fs/index.js";
import type { StoreContext } from "../context.js";
import { THROW_UNREADABLE } from "../read/damages.js";
import { inside, type LoggedModelLocation } from "../read/located.js";
import { readKeys } from "../read/records.js";
import { locateActiveModel } from "./locate.js";

export interface ModelPoints {
  /** The run that logged the points. */
  readonly runId: string;
  /** Those with a `modelId`; others are left out. */
  readonly metrics: readonly Metric[];
  /** Notes what is still to be made durable; absent: durable when the call returns. */
  readonly pending?: PendingSync;
}

/** Appends the points to the files of their models. Throws RESOURCE_DOES_NOT_EXIST (model), typed I/O errors. */
export function logModelMetrics(context: StoreContext, points: ModelPoints): void {
  const pending = points.pending ?? new PendingSync();
  for (const [modelId, metrics] of groupBy(points.metrics, (metric) => metric.modelId)) {
    const { directory } = locateActiveModel(context, modelId);
    for (const [key, ofKey] of groupBy(metrics, (metric) => metric.key)) {
      checkKey(key, "metric");
      const path = join(directory, "metrics", keyToPath(key));
      assertNoLinkBetween(directory, path);
      appendLines(path, ofKey.map((metric) => modelLine(metric, points.runId)).join(""), directory);
      pending.add(path, directory);
    }
  }
  if (points.pending === undefined) pending.flush();
}

/** In the order of first appearance; items without a group are left out. */
function groupBy<T>(items: readonly T[], groupOf: (item: T) => string | undefined): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = groupOf(item);
    if (name === undefined) continue;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}

/** MLflow splits at blanks: a dataset whose name has some stays in the run's links only. */
function modelLine({ timestamp, value, step, dataset }: Metric, runId: string): string {
  const fits =
    dataset !== undefined && [dataset.name, dataset.digest].every((text) => /^[^\s\p{C}]+$/u.test(text));
  return serializeModelPoint({ timestamp, value, step, runId, ...(fits ? { dataset } : {}) });
}

function appendLines(path: string, lines: string, temporaryIn: string): void {
  const appender = openShared(path, temporaryIn);
  try {
    appender.append(encodeText(lines));
  } finally {
    appender.close();
  }
}

/** Metric files of a logged model whose last line is torn, relative to the model. */
export function tornModelFiles(model: LoggedModelLocation): string[] {
  const names = readKeys(inside(model, "metrics"), THROW_UNREADABLE).map(
    (key) => `metrics/${keyToPath(key)}`,
  );
  return names.filter((name) => {
    const path = join(model.directory, name);
    return wholeLinesLength(path) < (statIfExists(path)?.size ?? 0);
  });
}

/** Cuts the torn tail of one of {@link tornModelFiles}, unless it is a line that another process is writing. */
export function cutTornModelFile(model: LoggedModelLocation, name: string): void {
  openShared(join(model.directory, name), model.directory).close();
}

const PAUSE_MS = 10;
const LOOKS = 5;

/** Another process is in the middle of its write. */
class BeingWritten extends Error {}

/** Opens a file that others may append to at the same time: what looks torn is looked at again before it is cut. */
function openShared(path: string, temporaryIn: string): LineAppender {
  for (;;) {
    try {
      return LineAppender.open(path, {
        keepTorn: (offset, tail) => assertAbandoned(path, offset + tail.length),
        temporaryIn,
      });
    } catch (error) {
      if (!(error instanceof BeingWritten)) throw error;
    }
  }
}

function assertAbandoned(path: string, size: number): void {
  for (let look = 0; look < LOOKS; look += 1) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    if (statIfExists(path)?.size !== size) throw new BeingWritten();
  }
}
