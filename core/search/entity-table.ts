/** A list of things in memory as a table, for searches over experiments and models. */
import { compareCodePoints, type StringMap } from "../../store-format/index.js";
import { allKeys, numberColumn, textColumn, textListColumn } from "./make-columns.js";
import type { Column, Field, SearchTable } from "./table.js";

type Lookup<Value> = Readonly<Record<string, Value>>;

/** How the fields of one kind of thing are read; what is absent is null or undefined. Maps have a null prototype. */
export interface EntityFields<Item> {
  readonly numbers: Lookup<(item: Item) => number | undefined>;
  readonly texts: Lookup<(item: Item) => string | null | undefined>;
  readonly lists?: Lookup<(item: Item) => readonly string[]>;
  readonly tags: (item: Item) => StringMap;
  readonly params?: (item: Item) => StringMap;
  readonly metric?: (item: Item, key: string) => number | undefined;
  readonly metricKeys?: (item: Item) => readonly string[];
}

export class EntityTable<Item> implements SearchTable {
  readonly #items: readonly Item[];
  readonly #fields: EntityFields<Item>;
  readonly #columns = new Map<string, Column | null>();

  constructor(items: readonly Item[], fields: EntityFields<Item>) {
    this.#items = items;
    this.#fields = fields;
  }

  get rowCount(): number {
    return this.#items.length;
  }

  column(field: Field): Column | null {
    const name = JSON.stringify(field);
    let column = this.#columns.get(name);
    if (column === undefined) {
      column = this.#make(field);
      this.#columns.set(name, column);
    }
    return column;
  }

  keys(entity: "metric" | "param" | "tag"): readonly string[] {
    const { tags, params, metricKeys } = this.#fields;
    if (entity === "tag") return allKeys(this.#items.map(tags));
    if (entity === "param") return params === undefined ? [] : allKeys(this.#items.map(params));
    return metricKeys === undefined
      ? []
      : [...new Set(this.#items.flatMap(metricKeys))].sort(compareCodePoints);
  }

  #make(field: Field): Column | null {
    const { tags, params, metric } = this.#fields;
    switch (field.entity) {
      case "attribute":
        return this.#attribute(field.key);
      case "tag":
        return textColumn(this.#items, (item) => tags(item)[field.key]);
      case "param":
        return params === undefined ? null : textColumn(this.#items, (item) => params(item)[field.key]);
      case "metric":
        return metric === undefined ? null : numberColumn(this.#items, (item) => metric(item, field.key));
      case "dataset":
        return null;
    }
  }

  #attribute(key: string): Column | null {
    const { numbers, texts, lists } = this.#fields;
    const number = numbers[key];
    if (number !== undefined) return numberColumn(this.#items, number);
    const list = lists?.[key];
    if (list !== undefined) return textListColumn(this.#items, list);
    const text = texts[key];
    return text === undefined ? null : textColumn(this.#items, (item) => text(item) ?? undefined);
  }
}
