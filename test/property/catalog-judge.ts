/**
 * Says whether syncs of two catalogs were right, knowing nothing of how they are made: what a side changed since both were
 * equal is never overwritten there, nothing goes away, and in the end both are equal but for what was told.
 */
import assert from "node:assert/strict";
import type { CatalogEntry, StringMap } from "../../store-format/index.js";
import type { SyncReport } from "../../sync/index.js";

export type Catalog = readonly CatalogEntry[];

type Fields = Readonly<Record<string, string | undefined>>;

const DEFAULTS: StringMap = { lifecycle_stage: "active", stage: "None" };
const GONE = "Deleted_Internal";

export class CatalogJudge {
  /** Experiments are the same ones for good once they were called the same: id here -> id there. */
  readonly #experiments = new Map<string, string>();
  /** What both last had, by thing and field. */
  readonly #common = new Map<string, Record<string, string | undefined>>();

  /** Things that both had and one side has no more. */
  readonly #deleted = new Set<string>();

  /** Both sides, before and after a sync. */
  afterSync(before: readonly [Catalog, Catalog], after: readonly [Catalog, Catalog]): void {
    this.#pairExperiments(before);
    this.#forget(before);
    for (const side of [0, 1] as const)
      for (const entry of before[side]) this.#keeps(side, entry, after[side]);
    this.#pairExperiments(after);
    this.#learn(after);
  }

  /** Nothing is left to do. */
  end([mine, theirs]: readonly [Catalog, Catalog], report: SyncReport): void {
    const told = [...report.notes, ...report.catalogConflicts.map(({ what, field }) => `${what}.${field}`)];
    for (const entry of mine) {
      const other = this.#counterpart(entry, 0, theirs);
      if (other === undefined) this.#isTold(told, entry, 0);
      else this.#equal([entry, other], report);
    }
    for (const entry of theirs)
      if (this.#counterpart(entry, 1, mine) === undefined) this.#isTold(told, entry, 1);
  }

  /** What neither side has any more is nothing that was. */
  #forget([mine, theirs]: readonly [Catalog, Catalog]): void {
    const here = new Set(mine.map((entry) => this.#thingOf(entry, 0)));
    const there = new Set(theirs.map((entry) => this.#thingOf(entry, 1)));
    for (const thing of this.#common.keys()) {
      if (here.has(thing) !== there.has(thing)) this.#deleted.add(thing);
      if (here.has(thing) && there.has(thing)) this.#deleted.delete(thing);
      if (here.has(thing) || there.has(thing)) continue;
      this.#deleted.delete(thing);
      this.#common.delete(thing);
    }
  }

  #keeps(side: 0 | 1, entry: CatalogEntry, after: Catalog): void {
    const now = after.find(
      ({ kind, id, model }) => kind === entry.kind && id === entry.id && model === entry.model,
    );
    if (now === undefined) {
      assert.equal(entry.kind, "model_version", `${keyOf(entry)} went away on side ${side}`);
      return;
    }
    const common = this.#common.get(this.#thingOf(entry, side)) ?? DEFAULTS;
    for (const field of new Set([...Object.keys(entry.fields), ...Object.keys(common)])) {
      const value = entry.fields[field];
      if (value === common[field] || isDeleted(now)) continue;
      assert.equal(now.fields[field], value, `${keyOf(entry)} ${field} was changed on side ${side} alone`);
    }
  }

  #pairExperiments([mine, theirs]: readonly [Catalog, Catalog]): void {
    const taken = new Set(this.#experiments.values());
    for (const entry of mine.filter(({ kind }) => kind === "experiment")) {
      if (this.#experiments.has(entry.id)) continue;
      const other = theirs.find(
        ({ kind, id, origin }) => kind === "experiment" && origin === entry.origin && !taken.has(id),
      );
      if (other !== undefined) this.#experiments.set(entry.id, other.id);
    }
  }

  #learn([mine, theirs]: readonly [Catalog, Catalog]): void {
    for (const entry of mine) {
      const other = this.#counterpart(entry, 0, theirs);
      if (other === undefined) continue;
      const thing = this.#thingOf(entry, 0);
      const common = this.#common.get(thing) ?? { ...DEFAULTS };
      for (const field of fieldsOf(entry.fields, other.fields, common))
        if (entry.fields[field] === other.fields[field]) common[field] = entry.fields[field];
      this.#common.set(thing, common);
    }
  }

  #counterpart(entry: CatalogEntry, side: 0 | 1, others: Catalog): CatalogEntry | undefined {
    const thing = this.#thingOf(entry, side);
    return others.find((other) => this.#thingOf(other, side === 0 ? 1 : 0) === thing);
  }

  /** The same for both sides. */
  #thingOf(entry: CatalogEntry, side: 0 | 1): string {
    if (entry.kind !== "experiment") return keyOf(entry);
    const idThere = side === 1 ? entry.id : this.#experiments.get(entry.id);
    return `experiment ${idThere ?? `only here ${entry.id}`}`;
  }

  #equal([mine, theirs]: readonly [CatalogEntry, CatalogEntry], report: SyncReport): void {
    const isOver = isDeleted(mine) || isDeleted(theirs);
    for (const field of fieldsOf(mine.fields, theirs.fields)) {
      if (mine.fields[field] === theirs.fields[field]) continue;
      // The default experiment keeps its name.
      if (field === "name" && [mine, theirs].some(({ id, origin }) => id === "0" && origin === "Default"))
        continue;
      // What is deleted is not edited.
      if (isOver && field !== "lifecycle_stage" && field !== "stage") continue;
      const isListed = report.catalogConflicts.some(
        (conflict) =>
          conflict.field === field &&
          conflict.mine === (mine.fields[field] ?? null) &&
          conflict.theirs === (theirs.fields[field] ?? null),
      );
      const isNamed = report.notes.some(
        (note) => note.includes(`'${nameOf(mine)}'`) || note.includes(`'${nameOf(theirs)}'`),
      );
      assert.ok(
        isListed || isNamed,
        `${keyOf(mine)} ${field}: ${JSON.stringify([mine.fields, theirs.fields, report.notes, report.catalogConflicts], null, 1)}`,
      );
    }
  }

  /** An experiment whose name is another's there, or a model that was deleted there. */
  #isTold(told: readonly string[], entry: CatalogEntry, side: 0 | 1): void {
    if (isDeleted(entry) || (entry.kind === "experiment" && entry.origin === "Default")) return;
    const about = `${keyOf(entry)} is only on side ${side}: ${JSON.stringify(told)}`;
    assert.ok(
      told.some((sentence) => sentence.includes(`'${nameOf(entry)}'`)),
      about,
    );
    const model = `registered_model  ${entry.model}`;
    const isGone = this.#deleted.has(this.#thingOf(entry, side)) || this.#deleted.has(model);
    assert.ok(entry.kind === "experiment" || isGone, about);
  }
}

function fieldsOf(...maps: readonly Fields[]): ReadonlySet<string> {
  return new Set(maps.flatMap((map) => Object.keys(map)));
}

function isDeleted({ fields }: CatalogEntry): boolean {
  return fields["lifecycle_stage"] === "deleted" || fields["stage"] === GONE;
}

function nameOf({ kind, id, model, origin }: CatalogEntry): string {
  return kind === "experiment" ? origin : kind === "model_version" ? `${model} version ${id}` : id;
}

function keyOf({ kind, model, origin }: CatalogEntry): string {
  return `${kind} ${model} ${origin}`;
}
