/**
 * The runs of a store by its index: what was read before is used where the files look as they did. Every failure of the
 * index itself (no place for it, a full disk, damage) costs only time: what it lacks is read from the files.
 */
import { isRunstoneError, type RunstoneError } from "../../store-format/index.js";
import { fileSystemType } from "../fs/index.js";
import type { StateOf } from "../search/memory-run-table.js";
import type { StoreContext } from "../store/context.js";
import { IGNORE_DAMAGE, type OnDamage } from "../store/read/damages.js";
import { listExperimentLocations } from "../store/read/experiments.js";
import { type ExperimentLocation, inside, placeLocation } from "../store/read/located.js";
import { experimentsOf, runIn } from "../store/read/runs.js";
import { LOCAL_MARGINS, NETWORK_MARGINS, type YoungMargins } from "./facts-sum.js";
import {
  findIndexHome,
  type IndexHome,
  type IndexPlace,
  mayReadIndex,
  prepareIndexHome,
} from "./index-home.js";
import { IndexTable, type SegmentPart } from "./index-table.js";
import { isNetworkFileSystem } from "./network-file-systems.js";
import {
  listingKey,
  noCounts,
  type RefreshCounts,
  type RefreshedShard,
  refreshShard,
  type ShardRefreshOptions,
} from "./refresh-shard.js";
import { RunReader } from "./run-reader.js";
import { Segment } from "./segment.js";
import { SegmentBuilder } from "./segment-builder.js";
import { SegmentDamage } from "./segment-damage.js";
import type { Shard, ShardPart } from "./shard.js";
import {
  readShardIfNewer,
  removeLeftovers,
  removeShard,
  shardName,
  shardNames,
  writeShard,
} from "./shard-files.js";

/** `auto`: what the freshness rules promise; `none`: the index as it is; `full`: every file is looked at. */
export type Refresh = "auto" | "none" | "full";

export interface IndexedRunsOptions {
  /** Default: every experiment. */
  readonly experimentIds?: readonly string[];
  readonly refresh?: Refresh;
  readonly onDamage?: OnDamage;
  readonly stateOf: StateOf;
  /** Default: {@link SMALL_STORE_RUNS}. */
  readonly smallStoreRuns?: number;
  /** Milliseconds since 1970; default: the system's clock. */
  readonly clock?: () => number;
}

export interface IndexedRuns {
  readonly table: IndexTable;
  readonly counts: RefreshCounts;
  readonly experiments: number;
  readonly home: IndexPlace;
}

/** In a store of up to so many runs the files of every run are looked at by every query. */
export const SMALL_STORE_RUNS = 2_000;

/** A state is written for no other reason than to say that it was looked at, at most this often. */
const LOOKED_AT_MS = 1_000;

/** Throws NOT_A_STORE and typed I/O errors of the store itself. */
export function openIndexedRuns(context: StoreContext, options: IndexedRunsOptions): IndexedRuns {
  let index = INDEXES.get(context);
  if (index === undefined) {
    index = new StoreIndex(context);
    INDEXES.set(context, index);
  }
  return index.open(options);
}

/** An opened store keeps its index in memory. */
const INDEXES = new WeakMap<StoreContext, StoreIndex>();

type ShardOptions = Omit<ShardRefreshOptions, "reader" | "margins">;

interface OpenShard {
  readonly experiment: ExperimentLocation;
  readonly shard: Shard;
}

class StoreIndex {
  readonly #context: StoreContext;
  readonly #margins: YoungMargins;
  readonly #reader: RunReader;
  /** By name; what was last read or written. */
  readonly #shards = new Map<string, Shard>();
  readonly #writtenAt = new Map<string, number>();
  #hasWrittenSegments = false;
  /** The last query could not write what it found. */
  #couldNotKeep = false;
  #warned = false;

  constructor(context: StoreContext) {
    this.#context = context;
    this.#margins = isNetworkFileSystem(fileSystemType(context.root)) ? NETWORK_MARGINS : LOCAL_MARGINS;
    this.#reader = new RunReader(this.#margins);
  }

  open(options: IndexedRunsOptions): IndexedRuns {
    const asOf = this.#context.now();
    const home = this.#home();
    this.#couldNotKeep = false;
    const counts = noCounts();
    const opened =
      (options.refresh === "none" ? this.#openAsItIs(home, options) : null) ??
      this.#openRefreshed(home, options, counts);
    const parts = opened.flatMap(partsOf);
    const oldest = Math.min(asOf, ...(options.refresh === "none" ? opened.map(refreshedAt) : []));
    const table = new IndexTable(
      parts.map(({ part }) => part),
      { asOf: oldest, stateOf: options.stateOf, recover: (part) => this.#recover(home, parts, part) },
    );
    return {
      table,
      counts,
      experiments: opened.length,
      home: this.#couldNotKeep ? "refused" : home,
    };
  }

  /** The shards that are there, not looking at the store. Null when one that is wanted is not, or any is damaged. */
  #openAsItIs(home: IndexPlace, { experimentIds }: IndexedRunsOptions): OpenShard[] | null {
    if (typeof home !== "string") {
      for (const name of this.#softly(() => shardNames(home.directory)) ?? []) {
        this.#load(home, name);
        if (!this.#shards.has(name)) return null;
      }
    }
    const shards = [...this.#shards.values()];
    const wanted = new Set(experimentIds ?? shards.map(({ state }) => state.experimentId));
    const known = new Set(shards.map(({ state }) => state.experimentId));
    if (shards.length === 0 || [...wanted].some((experimentId) => !known.has(experimentId))) return null;
    return shards
      .filter(({ state }) => wanted.has(state.experimentId))
      .map((shard) => ({ shard, experiment: this.#locationOf(shard) }));
  }

  #locationOf({ state }: Shard): ExperimentLocation {
    const { experimentId, place, orphan } = state;
    const { directory, path } = inside(placeLocation(this.#context.root, place), experimentId);
    return { directory, path, experimentId, place, orphan };
  }

  #openRefreshed(home: IndexPlace, options: IndexedRunsOptions, counts: RefreshCounts): OpenShard[] {
    const { experimentIds, onDamage = IGNORE_DAMAGE } = options;
    const experiments = [...this.#experiments(home, experimentIds, onDamage)];
    const { smallStoreRuns = SMALL_STORE_RUNS, clock = Date.now } = options;
    const everyFile = options.refresh === "full" || this.#rowsOf(experiments) <= smallStoreRuns;
    const opened = experiments.map((experiment) => ({
      experiment,
      shard: this.#refresh(home, experiment, { everyFile, onDamage, counts, now: clock() }),
    }));
    if (experimentIds === undefined) this.#forget(home, experiments);
    this.#clear(home);
    return opened;
  }

  /** The experiments asked for, with their shards loaded. One that looks as it did is not read again. */
  #experiments(
    home: IndexPlace,
    experimentIds: readonly string[] | undefined,
    onDamage: OnDamage,
  ): ExperimentLocation[] {
    if (experimentIds !== undefined) {
      const asked = [...experimentsOf(this.#context, experimentIds, onDamage)];
      if (typeof home !== "string") for (const experiment of asked) this.#load(home, shardName(experiment));
      return asked;
    }
    const isSound = (experiment: ExperimentLocation) => {
      const name = shardName(experiment);
      if (typeof home !== "string") this.#load(home, name);
      const state = this.#shards.get(name)?.state;
      if (state === undefined || state.orphan || state.listing === null) return false;
      return listingKey(experiment, Date.now(), this.#margins) === state.listing;
    };
    return [...listExperimentLocations(this.#context, onDamage, isSound)];
  }

  #rowsOf(experiments: readonly ExperimentLocation[]): number {
    const rows = experiments.map((experiment) => rowCountOf(this.#shards.get(shardName(experiment))));
    return rows.reduce((sum, count) => sum + count, 0);
  }

  #refresh(home: IndexPlace, experiment: ExperimentLocation, options: ShardOptions): Shard {
    const name = shardName(experiment);
    const before = this.#shards.get(name) ?? null;
    const refreshed = this.#refreshOrRead(experiment, before, options);
    this.#shards.set(name, refreshed.lasting);
    if (typeof home !== "string") this.#keep(home, name, refreshed, before);
    return refreshed.shard;
  }

  #refreshOrRead(
    experiment: ExperimentLocation,
    before: Shard | null,
    options: ShardOptions,
  ): RefreshedShard {
    const all = { ...options, reader: this.#reader, margins: this.#margins };
    try {
      return refreshShard(experiment, before, all);
    } catch (error) {
      if (!(error instanceof SegmentDamage)) throw error;
      return refreshShard(experiment, null, all);
    }
  }

  /** Takes over what lies on disk when it is newer than what is in memory. */
  #load(home: IndexHome, name: string): void {
    const found = this.#softly(() => readShardIfNewer(home.directory, name, this.#shards.get(name) ?? null));
    if (found !== null && found !== undefined) this.#shards.set(name, found);
  }

  #keep(home: IndexHome, name: string, { lasting, isNews }: RefreshedShard, before: Shard | null): void {
    const { refreshedAtMs } = lasting.state;
    if (!isNews && Math.abs(refreshedAtMs - (this.#writtenAt.get(name) ?? 0)) < LOOKED_AT_MS) return;
    const kept = this.#softly(() => {
      prepareIndexHome(home);
      const written = writeShard(home.directory, lasting, before);
      // Where its files are gone, what lies there now is taken over by the next query, or made anew.
      if (written === null) this.#shards.delete(name);
      else this.#shards.set(name, written);
      this.#writtenAt.set(name, refreshedAtMs);
      this.#hasWrittenSegments ||= isNews;
      return true;
    });
    this.#couldNotKeep ||= kept === undefined;
  }

  /** Once for all that was written. */
  #clear(home: IndexPlace): void {
    if (typeof home === "string" || !this.#hasWrittenSegments) return;
    this.#hasWrittenSegments = false;
    this.#softly(() => removeLeftovers(home.directory, Date.now()));
  }

  /** Shards of experiments that are gone. */
  #forget(home: IndexPlace, experiments: readonly ExperimentLocation[]): void {
    const there = new Set(experiments.map(shardName));
    const known = typeof home === "string" ? [] : (this.#softly(() => shardNames(home.directory)) ?? []);
    for (const name of new Set([...this.#shards.keys(), ...known])) {
      if (there.has(name)) continue;
      this.#shards.delete(name);
      if (typeof home !== "string") this.#softly(() => removeShard(home.directory, name));
    }
  }

  #home(): IndexPlace {
    const home = this.#softly(() => findIndexHome(this.#context)) ?? "refused";
    if (typeof home === "string") return home;
    const refusal = mayReadIndex(home);
    if (refusal === null) return home;
    this.#warn(refusal);
    return "refused";
  }

  /** Undefined when the index cannot be read or written: that is said once, and costs only time. */
  #softly<T>(call: () => T): T | undefined {
    try {
      return call();
    } catch (error) {
      if (!isRunstoneError(error)) throw error;
      this.#warn(error);
      return undefined;
    }
  }

  #warn(error: RunstoneError): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#context.warn(`searching without a kept index, which is slower: ${error.message}`);
  }

  /** The same runs in the same order, read from their files. */
  #recover(home: IndexPlace, parts: readonly KnownPart[], damaged: SegmentPart): Segment {
    const known = parts.find(({ part }) => part.segment === damaged.segment);
    if (known === undefined) throw new Error("a segment of another table");
    const builder = new SegmentBuilder();
    for (const runId of known.source.runIds)
      builder.add(this.#reader.read(runIn(known.experiment, runId), IGNORE_DAMAGE));
    const name = shardName(known.experiment);
    this.#shards.delete(name);
    if (typeof home !== "string") this.#softly(() => removeShard(home.directory, name));
    return Segment.from(builder.finish());
  }
}

interface KnownPart {
  readonly part: SegmentPart;
  readonly source: ShardPart;
  readonly experiment: ExperimentLocation;
}

function partsOf({ experiment, shard }: OpenShard): KnownPart[] {
  return shard.parts.map((source) => {
    const { segment } = source;
    const rows = source.rows.length === segment.rowCount ? null : source.rows;
    return { part: { segment, rows, experimentDirectory: experiment.directory }, source, experiment };
  });
}

function refreshedAt({ shard }: OpenShard): number {
  return shard.state.refreshedAtMs;
}

function rowCountOf(shard: Shard | undefined): number {
  return (shard?.parts ?? []).reduce((sum, { rows }) => sum + rows.length, 0);
}
