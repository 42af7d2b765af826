/**
 * Experiments and, when asked for, the model registry of two stores: what is missing on one side is made there, and fields
 * are merged one by one against what both had. Nothing is deleted because the other side lacks it.
 */
import { DELETED_STAGE } from "../../core/index.js";
import {
  aliasesOfFields,
  type CatalogChanges,
  type CatalogEntry,
  type CatalogKind,
  type ErrorCode,
  PARAM_FIELD,
  POINT_FIELD,
  RunstoneError,
  type StringMap,
} from "../../store-format/index.js";
import { isDefault, isDeleted, isIdleDefault, keyOf, kindOfKey, labelOf, nameOf } from "./catalog-entry.js";
import { type Pair, pairUp } from "./catalog-pairs.js";
import type { CatalogOptions, CatalogParties, CatalogResult, ExperimentPair } from "./catalog-parties.js";
import { type CatalogConflict, type CatalogCounts, NO_CATALOG } from "./catalog-report.js";
import { ExperimentNames } from "./experiment-names.js";
import { commonFields, type FieldConflict, fieldOf, mergeFields, withChanges } from "./merge-fields.js";

/** Of what no base is known. */
const DEFAULTS: StringMap = { lifecycle_stage: "active", stage: "None", status: "PENDING" };

/** Nothing that comes after can end otherwise. */
const HOPELESS: ReadonlySet<ErrorCode> = new Set(["REMOTE_UNREACHABLE", "UNAUTHENTICATED", "DISK_FULL"]);

export class CatalogSync {
  readonly #parties: CatalogParties;
  readonly #options: CatalogOptions;
  readonly #counts = mutableCounts();
  readonly #conflicts: CatalogConflict[] = [];
  readonly #problems = new Set<string>();
  readonly #notes = new Set<string>();
  readonly #namesThere = new Map<string, string>();
  /** Logged models that could not be made or changed. */
  readonly #failed = new Map<string, RunstoneError>();
  /** Logged models that were looked at. */
  readonly #settled = new Set<string>();
  /** Registered models by their names. */
  readonly #models = new Map<string, Pair>();
  readonly #names = new ExperimentNames();
  #experiments: readonly Pair[] = [];

  constructor(parties: CatalogParties, options: CatalogOptions) {
    this.#parties = parties;
    this.#options = options;
  }

  get result(): CatalogResult {
    const { experiment, registered_model, model_version, logged_model } = this.#counts;
    return {
      counts: {
        experiment: { ...experiment },
        registered_model: { ...registered_model },
        model_version: { ...model_version },
        logged_model: { ...logged_model },
      },
      conflicts: this.#conflicts,
      problems: [...this.#problems],
      notes: [...this.#notes],
    };
  }

  /** Before the runs: experiments are made, restored, renamed and tagged. Returns those that both sides have. */
  async experimentsBefore(): Promise<readonly ExperimentPair[]> {
    const pairs = await this.#pairs(["experiment"]);
    this.#experiments = pairs.filter((pair) => this.#isWanted(pair));
    for (const pair of pairs) this.#names.add(pair);
    let waiting = this.#experiments;
    while (waiting.length > 0) {
      // What gives up a name goes before what takes it.
      const free = waiting.filter((pair) => !this.#names.isTaken(pair));
      for (const pair of free.length > 0 ? free : waiting) await this.#settleExperiment(pair);
      waiting = free.length > 0 ? waiting.filter((pair) => !free.includes(pair)) : [];
    }
    return this.#experiments.flatMap((pair) => this.#asPair(pair));
  }

  async #settleExperiment(pair: Pair): Promise<void> {
    this.#names.remove(pair);
    await this.#settle(pair, false);
    this.#names.add(pair);
  }

  #asPair({ local, remote, record }: Pair): readonly ExperimentPair[] {
    if (local === null || remote === null) return [];
    const there = this.#namesThere.get(remote.id) ?? this.#options.naming.there(nameOf(remote));
    const before = record?.fields["name"] ?? null;
    return [{ here: nameOf(local), there, remoteId: remote.id, before }];
  }

  /** After the runs: experiments that are deleted on one side, where that is wanted. */
  async experimentsAfter(): Promise<void> {
    if (!this.#options.includeDeleted) return;
    for (const pair of this.#experiments)
      if (isDeleted(pair.local) !== isDeleted(pair.remote) && pair.local !== null && pair.remote !== null)
        await this.#settle(pair, true);
  }

  /** After the runs and logged models: models, then their versions, then what versions are called. */
  async registry(): Promise<void> {
    const pairs = await this.#pairs(["registered_model", "model_version"]);
    const models = pairs.filter(({ kind }) => kind === "registered_model");
    for (const pair of models) {
      await this.#makeMissing(pair);
      this.#models.set(nameOf(pair.local ?? pair.remote!), pair);
    }
    for (const pair of pairs.filter(({ kind }) => kind === "model_version")) await this.#settle(pair, true);
    for (const pair of models) await this.#settle(pair, true);
  }

  /** What runs name, or all (null). Returns those that failed, by their ids. */
  async loggedModels(modelIds: readonly string[] | null): Promise<ReadonlyMap<string, RunstoneError>> {
    const { local, remote, state } = this.#parties;
    const here = (await local.loggedModels?.(modelIds, this.#problem)) ?? [];
    const there = (await remote.loggedModels?.(modelIds, this.#problem)) ?? [];
    for (const pair of pairUp(here, there, state)) {
      if (this.#settled.has(pair.key)) continue;
      this.#settled.add(pair.key);
      await this.#settle(pair, true);
    }
    return this.#failed;
  }

  #isWanted({ local, remote, kind }: Pair): boolean {
    const { experimentNames } = this.#options;
    if (kind !== "experiment" || experimentNames === undefined) return true;
    return [local, remote].some((entry) => entry !== null && experimentNames.has(nameOf(entry)));
  }

  #problem = (sentence: string): void => {
    this.#problems.add(sentence);
  };

  /** None when a push finds here what it knows to be there. */
  async #pairs(kinds: readonly CatalogKind[]): Promise<readonly Pair[]> {
    const { local, remote, state } = this.#parties;
    const here = await local.list(kinds, this.#problem);
    const { asksWhenChanged, recheck } = this.#options;
    if (asksWhenChanged && !recheck && here.every((one) => this.#isKnown(one))) return [];
    const there = await remote.list(kinds, this.#problem);
    const pairs = pairUp(here, this.#asHere(there), state);
    if (this.#problems.size === 0) this.#forgetGone(kinds, pairs);
    return pairs;
  }

  /** A model that neither side has any more says nothing of one that gets its name. */
  #forgetGone(kinds: readonly CatalogKind[], pairs: readonly Pair[]): void {
    const { state } = this.#parties;
    const known = new Set(pairs.map(({ key }) => key));
    for (const key of [...state.catalogKeys()]) {
      const kind = kindOfKey(key);
      if (kind !== null && kind !== "experiment" && kinds.includes(kind) && !known.has(key))
        state.saveCatalog(key, null);
    }
  }

  /** Whether a push has nothing to do for it. */
  #isKnown(entry: CatalogEntry): boolean {
    const record = this.#parties.state.catalog(keyOf(entry));
    if (record === null) return isDeleted(entry) || isIdleDefault(entry) || !this.#makes(entry);
    if (record.conflicts.length > 0) return false;
    // What is deleted is not edited.
    if (isDeleted(entry) && !this.#options.includeDeleted) return true;
    return Object.keys(mergeFields(record.fields, entry.fields, record.fields).there).length === 0;
  }

  #makes({ kind }: CatalogEntry): boolean {
    if (kind === "logged_model") return this.#options.makesLoggedModels;
    return kind !== "experiment" || this.#options.makesExperiments;
  }

  /** Experiments by their names here; those that a push would not send to are none of ours. */
  #asHere(entries: readonly CatalogEntry[]): readonly CatalogEntry[] {
    const { naming } = this.#options;
    return entries.map((entry) => {
      if (entry.kind !== "experiment") return entry;
      const name = naming.here(nameOf(entry));
      this.#namesThere.set(entry.id, nameOf(entry));
      const isOurs = naming.there(name) === nameOf(entry);
      return { ...entry, origin: isOurs ? name : "", fields: { ...entry.fields, name } };
    });
  }

  async #makeMissing(pair: Pair): Promise<void> {
    const { local, remote, record } = pair;
    if (local !== null && remote !== null) return;
    const has = (local ?? remote)!;
    const isPush = local !== null;
    // An experiment or logged model that somebody purged comes back, as a run does.
    const isRegistry = has.kind === "registered_model" || has.kind === "model_version";
    if (isRegistry && isDeleted(has)) return;
    if (record !== null && isRegistry && !this.#options.recheck) {
      this.#notes.add(`${labelOf(has)} was deleted ${isPush ? "there" : "here"}; it is left so`);
      return;
    }
    if (!this.#goes(isPush ? "push" : "pull") || !this.#makes(has)) return;
    if (isDeleted(has) && !(has.kind === "experiment" && this.#options.includeDeleted)) return;
    if (isIdleDefault(has) || (has.kind === "experiment" && has.origin === "")) return;
    if (has.kind === "experiment" && this.#names.isTaken(pair)) {
      const [where, from] = isPush ? ["there", "here"] : ["here", "there"];
      return this.#problem(
        `${labelOf(has)} was not made ${where}: one ${where} that is called otherwise ${from} has that name`,
      );
    }
    const made = await this.#make(has, isPush);
    if (made === null) return;
    if (isPush) pair.remote = this.#asHere([made])[0]!;
    else pair.local = made;
    pair.key = keyOf(pair.local!);
    this.#save(pair.key, pair, [], null);
  }

  async #make(entry: CatalogEntry, isPush: boolean): Promise<CatalogEntry | null> {
    const { local, remote } = this.#parties;
    const name = nameOf(entry);
    const fields =
      isPush && entry.kind === "experiment"
        ? { ...entry.fields, name: this.#options.naming.there(name) }
        : entry.fields;
    const made = await this.#softly(entry, () =>
      (isPush ? remote : local).make({ ...entry, fields }, this.#problem),
    );
    if (made !== null) this.#counts[entry.kind].made += 1;
    return made;
  }

  /** Makes what is missing, and merges what both have. */
  async #settle(pair: Pair, isLast: boolean): Promise<void> {
    await this.#makeMissing(pair);
    const { local, remote, key } = pair;
    if (local === null || remote === null) return;
    const record = this.#parties.state.catalog(key) ?? pair.record;
    const known = record !== null && record.remoteId === remote.id ? record.fields : null;
    const base = known === null ? null : withoutGrowing(known, local.fields, remote.fields);
    const theirs = this.#normalized(remote, local, base);
    const merged = mergeFields(base, local.fields, theirs.fields, DEFAULTS);
    const toThere = this.#allowed(merged.there, { local, remote, isLast });
    const toHere = this.#allowed(merged.here, { local, remote, isLast });
    const conflicts = [
      ...merged.conflicts.filter(({ field }) => this.#isConflict(field, { local, remote, isLast })),
      ...this.#deletedAndNamed({ local, remote }, { toThere, toHere }),
    ];
    const after = { ...pair, local, remote: theirs };
    if (this.#goes("push") && (await this.#change(remote, toThere, "push")))
      after.remote = { ...theirs, fields: withChanges(theirs.fields, toThere) };
    if (this.#goes("pull") && (await this.#change(local, toHere, "pull")))
      after.local = { ...local, fields: withChanges(local.fields, toHere) };
    pair.local = after.local;
    pair.remote = after.remote;
    this.#save(
      key,
      after,
      conflicts.map((conflict) => conflictOf(after.local, conflict)),
      base,
    );
  }

  /** A value that the other side only keeps shorter is no change of it. */
  #normalized(remote: CatalogEntry, { fields: mine }: CatalogEntry, base: StringMap | null): CatalogEntry {
    const { asKept } = this.#parties.remote;
    if (asKept === undefined) return remote;
    const fields: Record<string, string> = Object.assign(Object.create(null), remote.fields);
    for (const [field, value] of Object.entries(remote.fields)) {
      const candidates = [base === null ? null : fieldOf(base, field), fieldOf(mine, field)];
      const same = candidates.find((text) => text !== null && asKept(remote.kind, field, text) === value);
      if (same !== undefined && same !== null) fields[field] = same;
    }
    return { ...remote, fields };
  }

  #allowed(changes: CatalogChanges, about: About): MutableChanges {
    return Object.fromEntries(
      Object.entries(changes).filter(([field, value]) => this.#isAllowed(field, value, about)),
    );
  }

  #isAllowed(field: string, value: string | null, { local, remote, isLast }: About): boolean {
    if (field === "lifecycle_stage" || value === DELETED_STAGE)
      return value === "active" || (this.#options.includeDeleted && isLast);
    // What is deleted is not edited, and stays so without being asked.
    if (isDeleted(local) || isDeleted(remote)) return false;
    if (field !== "name") return true;
    return !this.#options.naming.isMapped(nameOf(local)) && !isDefault(local) && !isDefault(remote);
  }

  #isConflict(field: string, about: About): boolean {
    const { local, remote, isLast } = about;
    if (field !== "stage" || !(isDeleted(local) || isDeleted(remote)))
      return this.#isAllowed(field, "", about);
    return this.#options.includeDeleted && isLast;
  }

  /** A version that is deleted on one side and got an alias on the other: it is not deleted there, for its aliases would go, too. */
  #deletedAndNamed(
    { local, remote }: Pick<About, "local" | "remote">,
    { toThere, toHere }: { readonly toThere: MutableChanges; readonly toHere: MutableChanges },
  ): readonly FieldConflict[] {
    const [there, here] = [toThere["stage"] === DELETED_STAGE, toHere["stage"] === DELETED_STAGE];
    if (!(there && this.#isNamedAnew(remote, "remote")) && !(here && this.#isNamedAnew(local, "local")))
      return [];
    delete (there ? toThere : toHere)["stage"];
    const [mine, theirs] = [fieldOf(local.fields, "stage"), fieldOf(remote.fields, "stage")];
    return [{ field: "stage", base: there ? theirs : mine, mine, theirs }];
  }

  /** Whether it has an alias there that it had not when both were the same. */
  #isNamedAnew({ model, origin }: CatalogEntry, side: "local" | "remote"): boolean {
    const pair = this.#models.get(model);
    const aliases = Object.entries(aliasesOfFields(pair?.[side]?.fields ?? {}));
    const before = aliasesOfFields(pair?.record?.fields ?? {});
    return aliases.some(([alias, named]) => named === origin && before[alias] !== origin);
  }

  #goes(direction: "push" | "pull"): boolean {
    return this.#options.direction === direction || this.#options.direction === "both";
  }

  /** True when it was done, also when there was nothing to do. */
  async #change(target: CatalogEntry, changes: CatalogChanges, to: "push" | "pull"): Promise<boolean> {
    if (Object.keys(changes).length === 0) return true;
    const { local, remote } = this.#parties;
    const { name } = changes;
    const asTheirs =
      to === "push" && typeof name === "string" && target.kind === "experiment"
        ? { ...changes, name: this.#options.naming.there(name) }
        : changes;
    const done = await this.#softly(target, async () => {
      await (to === "push" ? remote : local).change(target, asTheirs);
      return true;
    });
    if (done === null) return false;
    this.#counts[target.kind].changed += 1;
    if (to === "push" && typeof asTheirs.name === "string") this.#namesThere.set(target.id, asTheirs.name);
    return true;
  }

  /** One that fails stops no other. */
  async #softly<Value>(entry: CatalogEntry, work: () => Promise<Value>): Promise<Value | null> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RunstoneError) || HOPELESS.has(error.code)) throw error;
      if (entry.kind === "logged_model") this.#failed.set(entry.id, error);
      this.#problem(`${labelOf(entry)} failed: ${error.message}`);
      return null;
    }
  }

  #save(
    key: string,
    { local, remote, kind }: Pair,
    conflicts: readonly CatalogConflict[],
    base: StringMap | null,
  ): void {
    if (local === null || remote === null) return;
    const fields = withoutPoints(commonFields(base, local.fields, remote.fields));
    this.#conflicts.push(...conflicts);
    this.#counts[kind].conflicts += conflicts.length > 0 ? 1 : 0;
    const next = { remoteId: remote.id, fields, conflicts };
    const known = this.#parties.state.catalog(key);
    if (known === null || JSON.stringify(known) !== JSON.stringify(next))
      this.#parties.state.saveCatalog(key, next);
  }
}

type MutableChanges = Record<string, string | null>;

interface About {
  readonly local: CatalogEntry;
  readonly remote: CatalogEntry;
  readonly isLast: boolean;
}

function mutableCounts(): Record<keyof CatalogCounts, { made: number; changed: number; conflicts: number }> {
  const { experiment, registered_model, model_version, logged_model } = NO_CATALOG;
  return {
    experiment: { ...experiment },
    registered_model: { ...registered_model },
    model_version: { ...model_version },
    logged_model: { ...logged_model },
  };
}

/** Params and points of a logged model only come: one that a side lacks is to be brought there. */
function withoutGrowing(base: StringMap, mine: StringMap, theirs: StringMap): StringMap {
  const isKept = (field: string): boolean =>
    !field.startsWith(POINT_FIELD) &&
    (!field.startsWith(PARAM_FIELD) || (Object.hasOwn(mine, field) && Object.hasOwn(theirs, field)));
  return Object.fromEntries(Object.entries(base).filter(([field]) => isKept(field)));
}

/** Which points both had need not be known. */
function withoutPoints(fields: StringMap): StringMap {
  return Object.fromEntries(Object.entries(fields).filter(([field]) => !field.startsWith(POINT_FIELD)));
}

function conflictOf(
  entry: CatalogEntry,
  conflict: Pick<CatalogConflict, "field" | "base" | "mine" | "theirs">,
): CatalogConflict {
  return { kind: entry.kind, what: nameOf(entry), ...conflict };
}
