/**
 * Brings a shard up to what the files of its experiment say. Which files are looked at is fixed by the freshness rules
 * (docs/design/0006-search-index-freshness.md); what looks other than it did is read again.
 */
import { sep } from "node:path";
import { entriesIfExists, factsIfExists, isDirectoryMode } from "../fs/index.js";
import { META } from "../store/layout.js";
import { IGNORE_DAMAGE, type OnDamage } from "../store/read/damages.js";
import { directoriesOf } from "../store/read/entries.js";
import { isRun } from "../store/read/is-run.js";
import type { ExperimentLocation } from "../store/read/located.js";
import { isRunName, runIn } from "../store/read/runs.js";
import { FactsSum, type YoungMargins } from "./facts-sum.js";
import { ENDED, HAS_DAMAGE, HAS_INPUTS, NESTED, SETTLED, UNSURE } from "./index-flags.js";
import type { IndexedRun } from "./indexed-run.js";
import { dueSlices, newSlices, sliceOf } from "./rolling-slices.js";
import { plainStructure, softly, walkRunDirectories, walkRunFacts } from "./run-facts.js";
import type { RunReader } from "./run-reader.js";
import { PartsBuilder, type Shard, type ShardPart } from "./shard.js";

/** What a refresh did, in numbers of runs. */
export interface RefreshCounts {
  /** Runs whose files were looked at, each by itself. */
  files: number;
  /** Runs of which only the directories were looked at. */
  directories: number;
  /** Runs that were read: new ones, changed ones, and those that may have changed unseen. */
  read: number;
  /** Of those read, the ones that were new. */
  added: number;
  /** Of those read, the ones whose files had changed. */
  changed: number;
  removed: number;
}

export function noCounts(): RefreshCounts {
  return { files: 0, directories: 0, read: 0, added: 0, changed: 0, removed: 0 };
}

export interface ShardRefreshOptions {
  readonly reader: RunReader;
  readonly margins: YoungMargins;
  readonly counts: RefreshCounts;
  readonly onDamage: OnDamage;
  /** Whether the files of every run are looked at: asked for, or the store is small. */
  readonly everyFile: boolean;
  /** The time by which slices are due. */
  readonly now: number;
}

export interface RefreshedShard {
  /** What the files say. */
  readonly shard: Shard;
  /** What to go on from: as `shard`, but without rows that were read again and found the same. */
  readonly lasting: Shard;
  /** Whether anything is known now that was not known before, other than that it is still so. */
  readonly isNews: boolean;
}

/** `before` null: the experiment is read whole. Throws `SegmentDamage` and what the readers throw. */
export function refreshShard(
  experiment: ExperimentLocation,
  before: Shard | null,
  options: ShardRefreshOptions,
): RefreshedShard {
  return new ShardRefresh(experiment, before, options).run();
}

/** A run that ended and whose files were the same for so long settles without a seal. */
const SETTLES_AFTER_MS = 24 * 60 * 60_000;

/** `age`: milliseconds since it was read; a run that changed since would have been read again. */
function isSettled(flags: number, age: number): boolean {
  return (flags & SETTLED) !== 0 || ((flags & ENDED) !== 0 && age >= SETTLES_AFTER_MS);
}

class ShardRefresh {
  readonly #experiment: ExperimentLocation;
  readonly #before: Shard | null;
  readonly #options: ShardRefreshOptions;
  readonly #startedAtMs = Date.now();
  readonly #due: ReadonlySet<number>;
  readonly #datasets: string | null;
  readonly #readAnew: boolean;
  readonly #builder = new PartsBuilder();
  readonly #pending: string[] = [];
  #isNews = false;

  constructor(experiment: ExperimentLocation, before: Shard | null, options: ShardRefreshOptions) {
    this.#experiment = experiment;
    this.#before = before;
    this.#options = options;
    const state = before?.state;
    this.#due = dueSlices(state?.slices ?? [], state?.refreshedAtMs ?? 0, options.now);
    this.#datasets = datasetsKey(experiment, this.#startedAtMs, options.margins);
    this.#readAnew = state === undefined || state.orphan !== experiment.orphan;
  }

  run(): RefreshedShard {
    const listing = listingKey(this.#experiment, this.#startedAtMs, this.#options.margins);
    const isListed = listing === null || listing !== this.#before?.state.listing;
    const names = isListed ? this.#list() : null;
    const parts = (this.#before?.parts ?? []).map((part) => this.#refreshPart(part, names));
    for (const name of names ?? this.#before?.state.pending ?? []) this.#readNew(name);
    const state = { ...this.#newState(), listing };
    const shard = { state, parts: this.#builder.finish(parts) };
    const isNews = this.#isNews || this.#before === null || this.#before.state.orphan !== state.orphan;
    const lasting = isNews || this.#before === null ? shard : { state, parts: this.#before.parts };
    return { shard, lasting, isNews };
  }

  #newState(): Shard["state"] {
    const { experimentId, place, orphan } = this.#experiment;
    return {
      experimentId,
      place,
      orphan,
      refreshedAtMs: this.#options.now,
      listing: null,
      datasets: this.#datasets,
      pending: this.#pending,
      slices: this.#newSlices(),
    };
  }

  #newSlices(): readonly number[] {
    const before = this.#before?.state.slices;
    if (before === undefined || this.#options.everyFile) return newSlices(this.#options.now);
    return before.map((time, slice) => (this.#due.has(slice) ? this.#options.now : time));
  }

  /** Names of what may be runs. */
  #list(): Set<string> {
    return new Set(directoriesOf(this.#experiment, this.#options.onDamage).filter(isRunName));
  }

  /** The part with the rows that still count; the others are read again, or gone. Takes known names out of `names`. */
  #refreshPart(part: ShardPart, names: Set<string> | null): ShardPart {
    const rows = new Uint32Array(part.rows.length);
    let count = 0;
    for (const row of part.rows) {
      const runId = part.runIds[row] as string;
      const isThere = names === null || names.delete(runId);
      if (isThere && !this.#readAnew && this.#isUnchanged(part, row, runId)) {
        rows[count] = row;
        count += 1;
        this.#repeatDamage(part, row);
      } else this.#readAgain(part, row, isThere);
    }
    return { ...part, rows: rows.subarray(0, count) };
  }

  #isUnchanged({ signatures }: ShardPart, row: number, runId: string): boolean {
    const flags = signatures.flags[row] as number;
    if ((flags & UNSURE) !== 0) return false;
    if ((flags & HAS_INPUTS) !== 0 && !this.#areDatasetsUnchanged()) return false;
    const directory = this.#experiment.directory + sep + runId;
    const options = { readAtMs: this.#startedAtMs, margins: this.#options.margins };
    if (this.#looksAtFiles(flags, signatures.readAtMs[row] as number, runId)) {
      this.#options.counts.files += 1;
      const facts = walkRunFacts(directory, options);
      if (facts === null || (facts.flags & UNSURE) !== 0) return false;
      return (
        facts.structure.value === signatures.structure[row] && facts.content.value === signatures.content[row]
      );
    }
    this.#options.counts.directories += 1;
    if ((flags & NESTED) === 0)
      return plainStructure(directory, flags, options) === signatures.structure[row];
    const facts = walkRunDirectories(directory, options);
    return (
      facts !== null && (facts.flags & UNSURE) === 0 && facts.structure.value === signatures.structure[row]
    );
  }

  #looksAtFiles(flags: number, readAtMs: number, runId: string): boolean {
    const { everyFile, now } = this.#options;
    return everyFile || !isSettled(flags, now - readAtMs) || this.#due.has(sliceOf(runId));
  }

  #areDatasetsUnchanged(): boolean {
    return this.#datasets !== null && this.#datasets === this.#before?.state.datasets;
  }

  #repeatDamage(part: ShardPart, row: number): void {
    const isDamaged = ((part.signatures.flags[row] as number) & HAS_DAMAGE) !== 0;
    if (!isDamaged || this.#options.onDamage === IGNORE_DAMAGE) return;
    const { damage } = part.segment.recordAt(row);
    if (damage !== null) this.#options.onDamage(damage);
  }

  #readAgain(part: ShardPart, row: number, isThere: boolean): void {
    const { counts } = this.#options;
    const run = isThere ? this.#read(part.runIds[row] as string) : null;
    if (run === null) {
      counts.removed += 1;
      this.#isNews = true;
      return;
    }
    const { signatures } = part;
    const { structure, content, flags } = run.signature;
    const isSame = structure === signatures.structure[row] && content === signatures.content[row];
    if (!isSame) counts.changed += 1;
    if (!isSame || flags !== signatures.flags[row]) this.#isNews = true;
  }

  #readNew(name: string): void {
    if (this.#read(name) === null) return;
    this.#options.counts.added += 1;
    this.#isNews = true;
  }

  /** Null for a directory that is no run: it may become one. */
  #read(runId: string): IndexedRun | null {
    const location = runIn(this.#experiment, runId);
    if (!isRun(location)) {
      const found = factsIfExists(location.directory);
      if (found !== null && isDirectoryMode(found.mode)) this.#pending.push(runId);
      return null;
    }
    const run = this.#options.reader.read(location, IGNORE_DAMAGE);
    this.#options.counts.read += 1;
    this.#builder.add(run);
    if (run.record.damage !== null) this.#options.onDamage(run.record.damage);
    return run;
  }
}

/** Of the experiment's directory and meta.yaml; null when a change could leave it as it is. */
export function listingKey(
  { directory }: ExperimentLocation,
  readAtMs: number,
  margins: YoungMargins,
): string | null {
  return keyOf([directory, `${directory}/${META}`], new FactsSum(readAtMs, margins));
}

/** Of everything that says what a dataset is. */
function datasetsKey(
  { directory }: ExperimentLocation,
  readAtMs: number,
  margins: YoungMargins,
): string | null {
  const folder = `${directory}/datasets`;
  const entries = softly(() => entriesIfExists(folder));
  if (entries === undefined) return null;
  const datasets = (entries ?? []).map(({ name }) => `${folder}/${name}`);
  const paths = [folder, ...datasets, ...datasets.map((path) => `${path}/${META}`)];
  return keyOf(paths, new FactsSum(readAtMs, margins));
}

function keyOf(paths: readonly string[], sum: FactsSum): string | null {
  for (const path of paths) {
    const found = softly(() => factsIfExists(path));
    if (found === undefined) return null;
    if (found !== null) sum.add(found);
  }
  return sum.isYoung ? null : sum.value.toString(16);
}
