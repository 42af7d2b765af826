/**
 * What this workspace knows of a remote. Everything here is derived: without it the remote is searched and read back,
 * which costs time. Written before the data it speaks of (`saveDurably`), or after it was seen there (`save`).
 */
import { assertNoLinks, ensureDirectory, PendingSync } from "../../core/fs/index.js";
import type { LeaseOwner, OwnerProbes } from "../../core/leases/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { writable } from "../../core/store/writable.js";
import type { RunstoneError } from "../../store-format/index.js";
import type { CatalogRecord } from "../engine/catalog-parties.js";
import type { RunState } from "../engine/run-state.js";
import { parseCatalogRecord } from "./catalog-lines.js";
import { claimState } from "./claim-state.js";
import type { Conflict } from "./conflict.js";
import { Journal, type OnJournalDamage } from "./journal.js";
import {
  isRemoteId,
  parseConflicts,
  parseLatest,
  parseLosses,
  parseMarks,
  parseState,
  type RunMarks,
  toLossesValue,
  toStateValue,
} from "./journal-lines.js";
import type { Losses } from "./losses.js";
import { copyReceipt, keepReceipt, RECEIPTS, receiptBytes } from "./receipts.js";
import { stateDirectory } from "./state-directory.js";

/** The marks of a run are at the beginning of its line, nearly always in as many bytes. */
const MARKS_BYTES = 768;

export interface RemoteStateView {
  readonly name: string;
  /** Absolute; may not be there yet. */
  readonly directory: string;
  /** Ids of the local runs that something is known of. */
  runIds(): Iterable<string>;
  /** Null: nothing is known. Throws typed I/O errors. */
  run(runId: string): RunState | null;
  /** As {@link run}, of a run only what tells whether it has to be looked at: much cheaper over many runs. */
  marks(runId: string): RunMarks | null;
  /** Id at the remote of the experiment of this name here; null: not known. */
  experiment(name: string): string | null;
  /** Name here -> id there. */
  experiments(): ReadonlyMap<string, string>;
  /** Ids of the local runs in conflict. */
  runsInConflict(): Iterable<string>;
  conflicts(runId: string): readonly Conflict[];
  /** The runs that were seen there last: id here -> the mark there. */
  latest(): ReadonlyMap<string, string>;
  /** What the remote was seen to have lost and the states of runs may not all tell yet; null: nothing. */
  losses(): Losses | null;
  /** Of an experiment, registered model or version, by its key (`keyOf`, sync/engine/catalog-sync.ts). */
  catalog(key: string): CatalogRecord | null;
  catalogKeys(): Iterable<string>;
  close(): void;
}

/** Only the holder of the claim writes. Methods throw typed I/O errors. */
export interface RemoteState extends RemoteStateView {
  /** `kill -9` loses nothing of it; a power cut nothing after {@link flush}. */
  save(state: RunState): void;
  /** Durable when the promise is fulfilled; calls of one turn share the wait. The states are seen at once. */
  saveDurably(...states: readonly RunState[]): Promise<void>;
  /** Nothing is known of this run any more. */
  forget(runId: string): void;
  /** Null forgets it. */
  saveExperiment(name: string, remoteId: string | null): void;
  /** Null forgets it. */
  saveCatalog(key: string, record: CatalogRecord | null): void;
  /** The conflicts of a run; an empty list when they are settled. */
  saveConflicts(runId: string, conflicts: readonly Conflict[]): void;
  /**
   * Writes the receipt of a saved state for people and, into `runDirectory`, for Git: there not for another time alone, for
   * a changed directory means that its run is looked at again. A state without a receipt is a bug.
   */
  writeReceipt(state: RunState, runDirectory: string | null): void;
  /** A run was seen there, whole; `mark`: see `remoteMarkOf`. Written by {@link flush}. */
  saw(runId: string, mark: string): void;
  /** Durable when it returns; null: the states of runs tell it all. */
  saveLosses(losses: Losses | null): void;
  /** Makes everything durable. */
  flush(): void;
  /** Flushes and gives the claim back, also when the flush fails. */
  close(): void;
}

export interface RemoteStateOptions {
  /**
   * Where the remote is, as it was resolved. State of another address is forgotten: what is known of one server says
   * nothing of the next. Default: not looked at.
   */
  readonly address?: string;
  /** The command line, as it may be shown to somebody who waits. Default: `runstone`. */
  readonly command?: string;
  /** Lines of the journal that cannot be read (DAMAGED). Default: `context.warn` says them. */
  readonly onDamage?: (damage: RunstoneError) => void;
  /** Default: this process. */
  readonly owner?: LeaseOwner;
  readonly probes?: OwnerProbes;
}

type StateContext = Pick<StoreContext, "root" | "workspace" | "refusal" | "warn">;

/** For reading, also while a sync works. Creates nothing. Throws as {@link stateDirectory}, FORMAT_TOO_NEW and typed I/O errors. */
export function readRemoteState(
  context: StateContext,
  name: string,
  options: Pick<RemoteStateOptions, "onDamage" | "address"> = {},
): RemoteStateView {
  const directory = stateDirectory(context, name);
  const journal = Journal.read(directory, damageTo(context, options));
  if (!speaksOf(journal, options.address)) journal.clear();
  return new View(name, directory, journal);
}

/**
 * For a sync: takes the claim that one at a time works with this remote. Throws LEASE_HELD naming the process that holds
 * it, and as {@link readRemoteState}.
 */
export function openRemoteState(
  context: StateContext,
  name: string,
  options: RemoteStateOptions = {},
): RemoteState {
  const directory = stateDirectory(writable(context), name);
  ensureDirectory(directory, true);
  assertNoLinks(directory, [RECEIPTS]);
  const release = claimState(directory, name, options);
  try {
    const journal = Journal.open(directory, damageTo(context, options));
    if (!speaksOf(journal, options.address)) {
      journal.clear();
      journal.put(...ADDRESS, options.address);
    }
    return new State(name, directory, { journal, release });
  } catch (error) {
    release();
    throw error;
  }
}

const ADDRESS = ["remote", "address"] as const;
const LATEST = ["remote", "latest"] as const;
const LOSSES = ["remote", "losses"] as const;
/** How many runs are kept in mind as those that were seen last. */
const MOST_LATEST = 20;

function speaksOf(journal: Journal, address: string | undefined): boolean {
  if (address === undefined) return true;
  return journal.get(...ADDRESS, (value) => (typeof value === "string" ? value : undefined)) === address;
}

function damageTo(
  context: StateContext,
  { onDamage }: Pick<RemoteStateOptions, "onDamage">,
): OnJournalDamage {
  return onDamage ?? ((damage) => context.warn(damage.message));
}

class View implements RemoteStateView {
  readonly name: string;
  readonly directory: string;
  protected readonly journal: Journal;

  constructor(name: string, directory: string, journal: Journal) {
    this.name = name;
    this.directory = directory;
    this.journal = journal;
  }

  runIds(): Iterable<string> {
    return this.journal.keys("run");
  }

  run(runId: string): RunState | null {
    return this.journal.get("run", runId, (value) => parseState(runId, value));
  }

  marks(runId: string): RunMarks | null {
    const beginning = this.journal.beginning("run", runId, MARKS_BYTES);
    if (beginning === null) return null;
    return parseMarks(beginning) ?? this.run(runId);
  }

  experiment(name: string): string | null {
    return this.journal.get("experiment", name, (value) => (isRemoteId(value) ? value : undefined));
  }

  experiments(): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const name of [...this.journal.keys("experiment")]) {
      const id = this.experiment(name);
      if (id !== null) found.set(name, id);
    }
    return found;
  }

  runsInConflict(): Iterable<string> {
    return this.journal.keys("conflicts");
  }

  conflicts(runId: string): readonly Conflict[] {
    return this.journal.get("conflicts", runId, parseConflicts) ?? [];
  }

  latest(): ReadonlyMap<string, string> {
    return new Map(Object.entries(this.journal.get(...LATEST, parseLatest) ?? {}));
  }

  losses(): Losses | null {
    return this.journal.get(...LOSSES, parseLosses);
  }

  catalog(key: string): CatalogRecord | null {
    return this.journal.get("catalog", key, parseCatalogRecord);
  }

  catalogKeys(): Iterable<string> {
    return this.journal.keys("catalog");
  }

  close(): void {
    this.journal.close();
  }
}

interface Held {
  readonly journal: Journal;
  release(): void;
}

class State extends View implements RemoteState {
  readonly #release: () => void;
  readonly #pending = new PendingSync();
  #syncing: Promise<void> | null = null;
  /** Since the last flush. */
  readonly #seen = new Map<string, string>();
  #closed = false;
  /** Closed, and everything was durable. */
  #flushed = false;

  constructor(name: string, directory: string, held: Held) {
    super(name, directory, held.journal);
    this.#release = () => held.release();
  }

  save(state: RunState): void {
    this.journal.put("run", state.runId, toStateValue(state));
  }

  saveDurably(...states: readonly RunState[]): Promise<void> {
    for (const state of states) this.save(state);
    this.#syncing ??= this.#syncSoon();
    return this.#syncing;
  }

  /** Once for all that is saved in this turn. */
  #syncSoon(): Promise<void> {
    return new Promise((resolve, reject) => {
      setImmediate(() => {
        this.#syncing = null;
        try {
          if (!this.#flushed) this.journal.sync();
          resolve();
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  forget(runId: string): void {
    this.journal.put("run", runId, null);
  }

  saveExperiment(name: string, remoteId: string | null): void {
    this.journal.put("experiment", name, remoteId);
  }

  saveCatalog(key: string, record: CatalogRecord | null): void {
    this.journal.put("catalog", key, record);
  }

  saveConflicts(runId: string, conflicts: readonly Conflict[]): void {
    this.journal.put("conflicts", runId, conflicts.length === 0 ? null : conflicts);
  }

  writeReceipt(state: RunState, runDirectory: string | null): void {
    const bytes = receiptBytes(this.name, state);
    keepReceipt(this.directory, state.runId, bytes);
    if (runDirectory === null) return;
    const copy = copyReceipt(runDirectory, this.name, bytes);
    if (copy !== null) this.#pending.add(copy, runDirectory);
  }

  saw(runId: string, mark: string): void {
    this.#seen.delete(runId);
    this.#seen.set(runId, mark);
    if (this.#seen.size > MOST_LATEST) this.#seen.delete(this.#seen.keys().next().value ?? "");
  }

  saveLosses(losses: Losses | null): void {
    this.journal.put(...LOSSES, losses === null ? null : toLossesValue(losses));
    this.journal.sync();
  }

  flush(): void {
    this.#keepLatest();
    this.journal.sync();
    this.#pending.flush();
  }

  #keepLatest(): void {
    if (this.#seen.size === 0) return;
    const before = [...this.latest()].filter(([runId]) => !this.#seen.has(runId));
    const latest = [...before, ...this.#seen].slice(-MOST_LATEST);
    this.journal.put(...LATEST, Object.fromEntries(latest));
    this.#seen.clear();
  }

  override close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.flush();
      this.#flushed = true;
    } finally {
      super.close();
      this.#release();
    }
  }
}
