/** What a push would come to know of a remote, without keeping it: reads what is known, and remembers what is saved as long as it lives. */
import type { CatalogRecord } from "../engine/catalog-parties.js";
import type { RunState } from "../engine/run-state.js";
import type { Conflict, RemoteState, RemoteStateView, RunMarks } from "../state/index.js";

export class RehearsedState implements RemoteState {
  readonly #known: RemoteStateView;
  readonly #runs = new Map<string, RunState | null>();
  readonly #experiments = new Map<string, string | null>();
  readonly #catalog = new Map<string, CatalogRecord | null>();
  readonly #conflicts = new Map<string, readonly Conflict[]>();
  #losses: ReturnType<RemoteStateView["losses"]>;

  constructor(known: RemoteStateView) {
    this.#known = known;
    this.#losses = known.losses();
  }

  get name(): string {
    return this.#known.name;
  }

  get directory(): string {
    return this.#known.directory;
  }

  runIds(): Iterable<string> {
    return keysOf(this.#known.runIds(), this.#runs, (state) => state !== null);
  }

  run(runId: string): RunState | null {
    return this.#runs.has(runId) ? (this.#runs.get(runId) ?? null) : this.#known.run(runId);
  }

  marks(runId: string): RunMarks | null {
    return this.#runs.has(runId) ? this.run(runId) : this.#known.marks(runId);
  }

  experiment(name: string): string | null {
    return this.#experiments.has(name) ? (this.#experiments.get(name) ?? null) : this.#known.experiment(name);
  }

  experiments(): ReadonlyMap<string, string> {
    const all = new Map(this.#known.experiments());
    for (const [name, id] of this.#experiments)
      if (id === null) all.delete(name);
      else all.set(name, id);
    return all;
  }

  runsInConflict(): Iterable<string> {
    return keysOf(this.#known.runsInConflict(), this.#conflicts, (conflicts) => conflicts.length > 0);
  }

  conflicts(runId: string): readonly Conflict[] {
    return this.#conflicts.get(runId) ?? this.#known.conflicts(runId);
  }

  latest(): ReadonlyMap<string, string> {
    return this.#known.latest();
  }

  losses(): ReturnType<RemoteStateView["losses"]> {
    return this.#losses;
  }

  catalog(key: string): CatalogRecord | null {
    return this.#catalog.has(key) ? (this.#catalog.get(key) ?? null) : this.#known.catalog(key);
  }

  catalogKeys(): Iterable<string> {
    return keysOf(this.#known.catalogKeys(), this.#catalog, (record) => record !== null);
  }

  save(state: RunState): void {
    this.#runs.set(state.runId, state);
  }

  async saveDurably(...states: readonly RunState[]): Promise<void> {
    for (const state of states) this.save(state);
  }

  forget(runId: string): void {
    this.#runs.set(runId, null);
  }

  saveExperiment(name: string, remoteId: string | null): void {
    this.#experiments.set(name, remoteId);
  }

  saveCatalog(key: string, record: CatalogRecord | null): void {
    this.#catalog.set(key, record);
  }

  saveConflicts(runId: string, conflicts: readonly Conflict[]): void {
    this.#conflicts.set(runId, conflicts);
  }

  saveLosses(losses: ReturnType<RemoteStateView["losses"]>): void {
    this.#losses = losses;
  }

  /** Nothing is seen there. */
  saw(): void {}

  writeReceipt(): void {}

  flush(): void {}

  /** Of what is known, not: whoever opened that closes it. */
  close(): void {}
}

function keysOf<Value>(
  known: Iterable<string>,
  saved: ReadonlyMap<string, Value>,
  isThere: (value: Value) => boolean,
): ReadonlySet<string> {
  const keys = new Set(known);
  for (const [key, value] of saved)
    if (isThere(value)) keys.add(key);
    else keys.delete(key);
  return keys;
}
