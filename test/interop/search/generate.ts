/** Searches made at random from a grammar: mostly valid, some with a wrong part, some with a text that was then mutated. */

import { type Entity, entitiesOf } from "./entities.js";
import { mutate } from "./mutate.js";
import type { DatasetFilter, ModelOrder, Query, RunQuery } from "./query.js";
import { Random } from "./random.js";
import type { SearchStore } from "./store.js";
import * as words from "./vocabulary.js";

export type Search = Query["search"];

/** How often each search is drawn. */
const SEARCHES: readonly Search[] = [
  ...Array<Search>(10).fill("runs"),
  "experiments",
  "experiments",
  "registeredModels",
  "registeredModels",
  "modelVersions",
  "modelVersions",
  "loggedModels",
  "loggedModels",
  "loggedModels",
];

const NUMERIC_OPERATORS = ["=", "!=", "<", "<=", ">", ">="];
const TEXT_OPERATORS = ["=", "=", "!=", "!=", "LIKE", "LIKE", "ILIKE", "ILIKE"];
const STRANGE_OPERATORS = [
  "==",
  "<>",
  "=>",
  "!",
  "~",
  "IS",
  "RLIKE",
  "NOT LIKE",
  "NOT ILIKE",
  "BETWEEN",
  "CONTAINS",
  "<=>",
  "",
  "IN",
  "<",
  "LIKE",
  "REGEXP",
  ":=",
];
const JOINS = [" AND ", " AND ", " AND ", " and ", " And ", "  AND\n", "\tAND\t"];
const STRANGE_JOINS = [" OR ", " , ", " ", " && ", "; ", " AND AND ", " XOR ", "AND", " AND NOT ", ""];
const ODD_NUMBERS = [
  "1.5",
  "2.5",
  "1e-5",
  "1E5",
  ".5",
  "5.",
  "-.5",
  "+1",
  "1e+5",
  "0x10",
  "nan",
  "NaN",
  "inf",
  "-inf",
  "Infinity",
  "1_000",
  "1,000",
  "00012",
  "--1",
  "- 1",
  "1e400",
  "'1'",
  '"1"',
  "'abc'",
  "9007199254740993",
  "123456789012345678901234567890",
  "1.7976931348623157e308",
  "5e-324",
  "1.0.0",
  "TRUE",
  "NULL",
];
const DIRECTIONS = ["", "", " ASC", " DESC", " DESC", " asc", " Desc", "  desc", "\tDESC"];
const STRANGE_DIRECTIONS = [
  " ASC ",
  " DESCENDING",
  " ASC DESC",
  " NULLS LAST",
  " DESC NULLS FIRST",
  ",",
  " up",
  ";",
  "DESC",
  " 1",
];
const TOKENS = [
  { offset: 5 },
  { offset: 1 },
  { offset: 10_000 },
  { offset: "3" },
  { offset: " 3 " },
  { offset: "x" },
  { offset: 0 },
  { offset: null },
  { offset: true },
  { offset: 2.7 },
  { offset: [] },
  { offset: [1] },
  { offset: -2 },
  {},
  [],
  7,
  "text",
  null,
];
const RAW_TOKENS = [
  "",
  "x",
  "%%%",
  "e30",
  "e30=",
  "eyJvZmZzZXQiOiA1fQ",
  "eyJvZmZzZXQiOiA1fQ==",
  "eyJv ZmZzZXQiOiA1fQ==",
  "ünï",
];

export class QueryGenerator {
  readonly #random: Random;
  readonly #store: SearchStore;
  #mutated = false;

  constructor(random: () => number, store: SearchStore) {
    this.#random = new Random(random);
    this.#store = store;
  }

  next(search: Search = this.#random.pick(SEARCHES)): Query {
    this.#mutated = false;
    const query = this.#query(search);
    return { ...query, mutated: this.#mutated };
  }

  runs(): RunQuery {
    return this.next("runs") as RunQuery;
  }

  #query(search: Search): Query {
    const common = {
      filter: this.filter(search),
      maxResults: this.#maxResults(),
      pageToken: this.#pageToken(),
      mutated: false,
    };
    switch (search) {
      case "runs": {
        const orderBy = this.#orderBy(search);
        return { search, ...common, orderBy, experimentIds: this.#experimentIds(), view: this.#view() };
      }
      case "experiments":
        return { search, ...common, orderBy: this.#orderBy(search), view: this.#view() };
      case "registeredModels":
      case "modelVersions":
        return { search, ...common, orderBy: this.#orderBy(search) };
      case "loggedModels":
        return {
          search,
          ...common,
          experimentIds: this.#experimentIds(),
          orderBy: this.#modelOrder(),
          datasets: this.#datasets(),
        };
    }
  }

  /** A filter of MLflow's dialect, or nearly one. */
  filter(search: Search): string {
    const random = this.#random;
    if (random.chance(0.08))
      return random.pick([
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        " ",
        "\n",
        "AND",
        ";",
        "()",
        "'",
        "x",
      ]);
    const count = random.pick([1, 1, 1, 1, 2, 2, 3, 4]);
    let text = this.#clause(search);
    for (let index = 1; index < count; index++)
      text += random.pick(random.chance(0.03) ? STRANGE_JOINS : JOINS) + this.#clause(search);
    if (random.chance(0.02))
      text = random.pick([`(${text})`, `NOT ${text}`, `${text};`, ` ${text}\n`, `${text} AND`]);
    return random.chance(0.1) ? this.#broken(text) : text;
  }

  #broken(text: string): string {
    this.#mutated = true;
    return mutate(text, this.#random);
  }

  #clause(search: Search): string {
    const random = this.#random;
    const entity = this.#entity(search, "only");
    const identifier = this.#identifier(entity);
    if (random.chance(entity.nulls ? 0.1 : 0.005))
      return identifier + random.pick([" IS NULL", " IS NOT NULL", " is null", " is  not  null"]);
    if (entity.lists && random.chance(0.3)) return `${identifier} ${this.#listTest(entity)}`;
    const operator = this.#operator(entity);
    const value = this.#value(entity, operator);
    const space = () => random.pick(["", " ", " ", " ", "  ", "\n", "\t"]);
    return /^[<>=!~]/.test(operator)
      ? `${identifier}${space()}${operator}${space()}${value}`
      : `${identifier} ${operator} ${value}`;
  }

  /** Seldom one that is out of place. */
  #entity(search: Search, not: Entity["order"]): Entity {
    const random = this.#random;
    const all = entitiesOf(search, this.#store);
    return random.pick(random.chance(0.03) ? all : all.filter(({ order }) => order !== not));
  }

  #identifier(entity: Entity): string {
    const random = this.#random;
    const prefix = random.chance(0.01) ? random.pick(STRANGE_PREFIXES) : random.pick(entity.prefixes);
    const key = random.chance(0.02) ? random.pick(STRANGE_KEYS) : random.pick(entity.keys);
    return prefix + (entity.bare && !random.chance(0.05) ? key : this.#quotedKey(key));
  }

  #quotedKey(key: string): string {
    const random = this.#random;
    if (random.chance(0.02))
      return random.pick([key, `'${key}'`, `[${key}]`, `\`${key}`, `\`\`${key}\`\``, `"${key}"`]);
    const bare = /^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}\p{N}_]+)*$/u.test(key);
    return bare && random.chance(0.7) ? key : random.pick([`\`${key}\``, `\`${key}\``, `"${key}"`]);
  }

  #operator(entity: Entity): string {
    const random = this.#random;
    if (random.chance(0.02)) return random.pick(STRANGE_OPERATORS);
    const operator = random.pick(entity.kind === "number" ? NUMERIC_OPERATORS : TEXT_OPERATORS);
    return random.pick([operator, operator, operator, operator.toLowerCase()]);
  }

  #value(entity: Entity, operator: string): string {
    const random = this.#random;
    const wrongKind = random.chance(0.01);
    if ((entity.kind === "number") !== wrongKind) return this.#number(entity);
    const text = entity.kind === "number" ? random.pick(words.TEXTS) : random.pick(entity.texts);
    const like = /like/i.test(operator) && random.chance(0.85);
    return this.#quoted(like ? this.#pattern(text) : text);
  }

  #number(entity: Entity): string {
    const random = this.#random;
    if (random.chance(0.08)) return random.pick(ODD_NUMBERS);
    const value = random.pick(entity.numbers.length === 0 ? words.NUMBERS : entity.numbers);
    if (!Number.isFinite(value)) return String(random.below(10));
    return String(random.chance(0.2) ? value + random.pick([-1, 1]) : value).replace("e+", "e");
  }

  #quoted(text: string): string {
    const random = this.#random;
    if (random.chance(0.02))
      return random.pick([text, `\`${text}\``, `'${text}`, `''${text}''`, `"${text}'`, `'${text}' 'x'`]);
    if (text.includes("'")) return `"${text}"`;
    return text.includes('"') || random.chance(0.8) ? `'${text}'` : `"${text}"`;
  }

  /** The text with some of it given free. */
  #pattern(text: string): string {
    const random = this.#random;
    const characters = [...text];
    const from = random.below(characters.length + 1);
    const to = from + random.below(characters.length - from + 1);
    const rest = [
      ...characters.slice(0, from),
      ...(random.chance(0.8) ? ["%"] : []),
      ...characters.slice(to),
    ];
    const pattern = rest.map((character) => (random.chance(0.1) ? "_" : character)).join("");
    return random.chance(0.3)
      ? random.pick([pattern.toUpperCase(), pattern.toLowerCase(), `${pattern}%`, `%${pattern}`])
      : pattern;
  }

  #listTest(entity: Entity): string {
    const random = this.#random;
    const operator = random.pick(["IN", "IN", "NOT IN", "in", "Not In", "not  in"]);
    if (random.chance(0.06)) return `${operator} ${random.pick(STRANGE_LISTS)}`;
    const items = Array.from({ length: 1 + random.below(4) }, () => this.#quoted(random.pick(entity.texts)));
    return `${operator}${random.pick([" ", " ", ""])}(${items.join(random.pick([",", ", ", " , ", ",\n"]))})`;
  }

  #orderBy(search: Search): readonly string[] {
    const random = this.#random;
    const count = random.pick([0, 0, 1, 1, 1, 2, 3]);
    return Array.from({ length: count }, () => {
      const entity = this.#entity(search, "never");
      const direction = random.pick(random.chance(0.02) ? STRANGE_DIRECTIONS : DIRECTIONS);
      const clause = this.#identifier(entity) + direction;
      return random.chance(0.04) ? this.#broken(clause) : clause;
    });
  }

  #modelOrder(): readonly ModelOrder[] {
    const random = this.#random;
    const fields = [
      "name",
      "model_id",
      "model_type",
      "creation_timestamp",
      "last_updated_timestamp",
      "creation_time",
    ];
    const metrics = ["metrics.loss", "metrics.acc", "metrics.val/loss", "metrics.my metric", "metrics.none"];
    const strange = [
      "",
      "status",
      "source_run_id",
      "params.lr",
      "tags.team",
      "metrics",
      "last_updated_time",
      "metrics.`loss`",
      " name ",
    ];
    return Array.from({ length: random.pick([0, 0, 1, 1, 2]) }, () => {
      const name = random.pick(random.chance(0.08) ? strange : random.chance(0.5) ? metrics : fields);
      const dataset = random.chance(0.3) ? random.pick(words.DATASETS) : null;
      return {
        ...(random.chance(0.02) ? {} : { field_name: name }),
        ...(random.chance(0.6) ? { ascending: random.chance(0.5) } : {}),
        ...(dataset === null ? {} : { dataset_name: dataset.name }),
        ...(random.chance(dataset === null ? 0.01 : 0.4)
          ? { dataset_digest: random.pick(words.DATASETS).digest }
          : {}),
      };
    });
  }

  #datasets(): readonly DatasetFilter[] {
    const random = this.#random;
    if (random.chance(0.6)) return [];
    return Array.from({ length: 1 + random.below(2) }, () => {
      const { name, digest } = random.pick(words.DATASETS);
      return {
        ...(random.chance(0.04) ? {} : { dataset_name: name }),
        ...(random.chance(0.5) ? { dataset_digest: digest } : {}),
      };
    });
  }

  #experimentIds(): readonly string[] {
    const random = this.#random;
    const all = this.#store.experimentIds;
    if (random.chance(0.6)) return all;
    const some = all.filter(() => random.chance(0.4));
    return random.chance(0.1) ? [...some, "404"] : some;
  }

  #view() {
    return this.#random.pick(["active", "active", "active", "deleted", "all", "all"] as const);
  }

  #maxResults(): number {
    const random = this.#random;
    return random.chance(0.02)
      ? random.pick([0, -1, 50_001, 1_001, 200_001])
      : random.pick([2, 5, 13, 40, 1000, 1000, 1000]);
  }

  #pageToken(): string | null {
    const random = this.#random;
    if (random.chance(0.95)) return null;
    if (random.chance(0.2)) return random.pick(RAW_TOKENS);
    return Buffer.from(JSON.stringify(random.pick(TOKENS))).toString("base64");
  }
}

const STRANGE_PREFIXES = [
  "",
  "metrics",
  "Metrics.",
  "`metrics`.",
  '"tags".',
  "trace.",
  "metrics .",
  "metrics. ",
  "param.",
  "run.",
  "dataset.",
  ".",
];
const STRANGE_KEYS = [
  "",
  "nope",
  "experiment_id",
  "lifecycle_stage",
  "a+b",
  "x.",
  ".y",
  "run_uuid",
  "timestamp",
  "*",
  "__class__",
  "end",
  "lr lr",
];
const STRANGE_LISTS = [
  "()",
  "('adam'",
  "'adam'",
  "(1, 2)",
  "('adam', 1)",
  "('adam',)",
  "('adam' 'w')",
  "(('adam', 'adamw'))",
  "(adam)",
  "('it\\'s')",
  "('a\\nb')",
  "(r'x')",
  "(b'x')",
  "(u'adam')",
  "('adam', 'adam', 'adam')",
  "(\"adam\", 'adamw')",
  "(None)",
  "('adam' -- x\n)",
];
