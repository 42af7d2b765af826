/** A side of a catalog to which nothing is written: what would be made or changed there is remembered, and told from then on. */
import { DELETED_STAGE } from "../../core/index.js";
import {
  ALIAS_FIELD,
  type CatalogChanges,
  type CatalogEntry,
  type CatalogKind,
  type StringMap,
} from "../../store-format/index.js";
import type { CatalogSide } from "./catalog-parties.js";
import { withChanges } from "./merge-fields.js";

type OnProblem = (sentence: string) => void;

export class ForeseenSide implements CatalogSide {
  readonly asKept?: (kind: CatalogKind, field: string, value: string) => string;
  readonly #side: CatalogSide;
  /** By the kinds that were asked for. */
  readonly #lists = new Map<string, CatalogEntry[]>();
  #made = 0;

  constructor(side: CatalogSide) {
    this.#side = side;
    if (side.asKept !== undefined) this.asKept = (kind, field, value) => side.asKept!(kind, field, value);
  }

  async list(kinds: readonly CatalogKind[], problem: OnProblem): Promise<readonly CatalogEntry[]> {
    const name = JSON.stringify(kinds);
    const known = this.#lists.get(name);
    if (known !== undefined) return [...known];
    const listed = [...(await this.#side.list(kinds, problem))];
    this.#lists.set(name, listed);
    return [...listed];
  }

  async loggedModels(
    modelIds: readonly string[] | null,
    problem: OnProblem,
  ): Promise<readonly CatalogEntry[]> {
    return (await this.#side.loggedModels?.(modelIds, problem)) ?? [];
  }

  /** As sides make it: without aliases; an experiment is active, and has an id of its own. */
  async make(entry: CatalogEntry, _problem: OnProblem): Promise<CatalogEntry | null> {
    this.#made += 1;
    const made = { ...entry, ...newParts(entry, `foreseen-${this.#made}`) };
    this.#listOf(entry.kind)?.push(made);
    return made;
  }

  async change(target: CatalogEntry, changes: CatalogChanges): Promise<void> {
    this.#replace(target, changes);
    if (changes["stage"] !== DELETED_STAGE) return;
    // Its aliases go with it.
    const model = this.#listOf("registered_model")?.find(({ id }) => id === target.model);
    if (model === undefined) return;
    const gone = Object.entries(model.fields).filter(
      ([field, value]) => field.startsWith(ALIAS_FIELD) && value === target.origin,
    );
    this.#replace(model, Object.fromEntries(gone.map(([field]) => [field, null])));
  }

  #replace({ kind, id, model }: CatalogEntry, changes: CatalogChanges): void {
    const list = this.#listOf(kind) ?? [];
    const at = list.findIndex((entry) => entry.kind === kind && entry.id === id && entry.model === model);
    const found = list[at];
    if (found === undefined) return;
    const fields = withChanges(found.fields, changes);
    list[at] = { ...found, fields, origin: kind === "experiment" ? fields["name"]! : found.origin };
  }

  #listOf(kind: CatalogKind): CatalogEntry[] | undefined {
    return [...this.#lists].find(([kinds]) => (JSON.parse(kinds) as readonly string[]).includes(kind))?.[1];
  }
}

function newParts({ kind, id, origin, fields }: CatalogEntry, newId: string): Partial<CatalogEntry> {
  if (kind !== "experiment") return { id, origin, fields: withoutAliases(fields) };
  return { id: newId, origin: fields["name"] ?? "", fields: { ...fields, lifecycle_stage: "active" } };
}

function withoutAliases(fields: StringMap): StringMap {
  return Object.fromEntries(Object.entries(fields).filter(([field]) => !field.startsWith(ALIAS_FIELD)));
}
