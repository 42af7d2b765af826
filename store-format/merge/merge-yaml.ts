/** Merging YAML files field by field. Fields that this release does not know are merged and kept as well. */
import { LOGGED_MODEL_STATUSES, RUN_STATUSES } from "../entities.js";
import { isRunstoneError } from "../errors.js";
import { MetaFields, parseYamlFile } from "../meta-fields.js";
import { encodeUtf8 } from "../text.js";
import { serializeYamlMap } from "../yaml/serialize.js";
import {
  isYamlMap,
  isYamlNull,
  isYamlScalar,
  type YamlMap,
  type YamlValue,
  yamlInteger,
} from "../yaml/value.js";
import type { MergedFile, RecordFileConflict } from "./merge-record-file.js";
import { type Merged, mergeOutcome, mergeValue, type Outcome } from "./merge-value.js";
import type { RecordFileKind } from "./record-file-kind.js";

/** What decides when both sides changed a field differently. `map`: its members are merged one by one. */
type Rule = "conflict" | "earlier" | "later" | "ours" | "map";

/**
 * Locations are where this copy lies, and not read (5.14); aliases in meta.yaml are a stale copy, which is why they cannot be
 * in conflict; of two steps of an output the later one counts, as in a sync.
 */
const RULES: Readonly<Record<string, Rule>> = {
  artifact_location: "ours",
  artifact_uri: "ours",
  creation_time: "earlier",
  creation_timestamp: "earlier",
  last_update_time: "later",
  last_updated_timestamp: "later",
  step: "later",
  aliases: "map",
  tags: "map",
};

/** Fields that say one thing together. */
const GROUPS: Partial<Record<RecordFileKind, readonly (readonly string[])[]>> = {
  "run-meta": [
    ["status", "end_time"],
    ["lifecycle_stage", "deleted_time"],
  ],
  "logged-model-meta": [["status", "status_message"]],
};

export interface YamlSides {
  readonly kind: RecordFileKind;
  /** Null: not known. */
  readonly base: Uint8Array | null;
  readonly ours: Uint8Array;
  readonly theirs: Uint8Array;
}

/** A side that cannot be read is a conflict; the result is ours then, or theirs where ours is empty. */
export function mergeYaml({ kind, base, ours, theirs }: YamlSides): MergedFile {
  const sides = { base: base === null ? undefined : read(base), ours: read(ours), theirs: read(theirs) };
  if (sides.ours === undefined || sides.theirs === undefined) {
    const isOursEmpty = sides.ours === undefined && ours.length <= 1;
    const conflict: RecordFileConflict = { field: null, base: null, ours: null, theirs: null };
    return { bytes: isOursEmpty ? theirs : ours, conflicts: [conflict] };
  }
  const { map, conflicts } = new MapMerge(kind, "").merge(sides.base, sides.ours, sides.theirs);
  const same = [sides.ours, sides.theirs].findIndex((side) => isSame(side, map));
  if (same >= 0) return { bytes: same === 0 ? ours : theirs, conflicts };
  return { bytes: encodeUtf8(serializeYamlMap(map)), conflicts };
}

function read(bytes: Uint8Array): YamlMap | undefined {
  try {
    return parseYamlFile(bytes, "file");
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED")) throw error;
    return undefined;
  }
}

interface MergedMap {
  readonly map: YamlMap;
  readonly conflicts: readonly RecordFileConflict[];
}

class MapMerge {
  readonly #kind: RecordFileKind;
  /** Of the fields, in conflicts: `tags.`; empty at the top. */
  readonly #prefix: string;
  readonly #conflicts: RecordFileConflict[] = [];

  constructor(kind: RecordFileKind, prefix: string) {
    this.#kind = kind;
    this.#prefix = prefix;
  }

  merge(base: YamlMap | undefined, ours: YamlMap, theirs: YamlMap): MergedMap {
    const merged = new Map<string, YamlValue>();
    for (const fields of this.#groups([...ours.keys(), ...theirs.keys()])) {
      const taken = this.#mergeGroup(fields, { base, ours, theirs });
      for (const field of fields) {
        const value = taken.get(field);
        if (value !== undefined) merged.set(field, value);
      }
    }
    return { map: merged, conflicts: this.#conflicts };
  }

  #groups(fields: readonly string[]): (readonly string[])[] {
    const groups = this.#prefix === "" ? (GROUPS[this.#kind] ?? []) : [];
    const grouped = new Set(groups.flat());
    return [
      ...groups,
      ...[...new Set(fields)].filter((field) => !grouped.has(field)).map((field) => [field]),
    ];
  }

  /** The map from which the fields are taken. */
  #mergeGroup(fields: readonly string[], { base, ours, theirs }: MapSides): YamlMap {
    const texts = [base, ours, theirs].map((side) => side && textOfFields(side, fields));
    const [before, mine = null, other = null] = texts as [
      string | null | undefined,
      string | null,
      string | null,
    ];
    const taken = mergeValue(before, mine, other);
    if (taken !== "conflict") return taken === "mine" ? ours : theirs;
    const [field = ""] = fields;
    if (field === "status") return this.#mergeStatus(fields, { base, ours, theirs });
    const rule = this.#ruleOf(field);
    if (rule === "map") return this.#mergeMembers(field, { base, ours, theirs });
    return this.#mergeByRule(rule, fields, { base, ours, theirs });
  }

  #ruleOf(field: string): Rule {
    return this.#prefix === "" && Object.hasOwn(RULES, field) ? RULES[field]! : "conflict";
  }

  #mergeByRule(rule: Rule, fields: readonly string[], sides: MapSides): YamlMap {
    const { ours, theirs } = sides;
    if (rule === "ours" || this.#prefix === "aliases.") return ours;
    const [mine, other] = [yamlInteger(ours.get(fields[0]!)), yamlInteger(theirs.get(fields[0]!))];
    if (rule === "conflict" || mine === undefined || other === undefined)
      return this.#conflict(fields, sides);
    return mine < other === (rule === "earlier") ? ours : theirs;
  }

  #mergeStatus(fields: readonly string[], sides: MapSides): YamlMap {
    const taken = this.#kind === "run-meta" ? mergedOutcome(sides) : mergedModelStatus(sides);
    if (taken === "conflict") return this.#conflict(fields, sides);
    return taken === "mine" ? sides.ours : sides.theirs;
  }

  #mergeMembers(field: string, { base, ours, theirs }: MapSides): YamlMap {
    const inner = new MapMerge(this.#kind, `${field}.`);
    const before = base === undefined ? undefined : membersOf(base.get(field));
    const [mine, other] = [membersOf(ours.get(field)), membersOf(theirs.get(field))];
    if (mine === undefined || other === undefined) return this.#conflict([field], { base, ours, theirs });
    const { map, conflicts } = inner.merge(before, mine, other);
    this.#conflicts.push(...conflicts);
    return new Map([[field, map]]);
  }

  #conflict(fields: readonly string[], { base, ours, theirs }: MapSides): YamlMap {
    const shown = fields.find((field) => !isSameValue(ours.get(field), theirs.get(field))) ?? fields[0]!;
    const textOf = (side: YamlMap | undefined): string | null => shownText(side?.get(shown));
    this.#conflicts.push({
      field: `${this.#prefix}${shown}`,
      base: textOf(base),
      ours: textOf(ours),
      theirs: textOf(theirs),
    });
    return ours;
  }
}

interface MapSides {
  readonly base: YamlMap | undefined;
  readonly ours: YamlMap;
  readonly theirs: YamlMap;
}

/** Null: none of the fields is there. */
function textOfFields(map: YamlMap, fields: readonly string[]): string | null {
  if (!fields.some((field) => map.has(field))) return null;
  return JSON.stringify(fields.map((field) => canonical(map.get(field))));
}

/** The empty map and the empty list are one (`tags: []`), as are a number and its text. */
function canonical(value: YamlValue | undefined): unknown {
  if (value === undefined || isYamlNull(value)) return null;
  if (isYamlScalar(value)) return value.text;
  if (isYamlMap(value))
    return value.size === 0 ? [] : { map: [...value].map(([key, item]) => [key, canonical(item)]).sort() };
  return value.map(canonical);
}

function isSameValue(a: YamlValue | undefined, b: YamlValue | undefined): boolean {
  return JSON.stringify(canonical(a)) === JSON.stringify(canonical(b));
}

function isSame(a: YamlMap, b: YamlMap): boolean {
  return a.size === b.size && isSameValue(a, b);
}

function membersOf(value: YamlValue | undefined): YamlMap | undefined {
  if (value === undefined || isYamlNull(value) || (Array.isArray(value) && value.length === 0))
    return new Map();
  return isYamlMap(value) ? value : undefined;
}

function shownText(value: YamlValue | undefined): string | null {
  if (value === undefined || isYamlNull(value)) return null;
  return isYamlScalar(value) ? value.text : JSON.stringify(canonical(value));
}

function mergedOutcome({ base, ours, theirs }: MapSides): Merged {
  const [before, mine, other] = [base && outcomeIn(base), outcomeIn(ours), outcomeIn(theirs)];
  return mine === undefined || other === undefined ? "conflict" : mergeOutcome(before, mine, other);
}

function outcomeIn(map: YamlMap): Outcome | undefined {
  const fields = new MetaFields(map, "run's meta.yaml");
  return orUndefined(() => ({
    status: fields.choice("status", RUN_STATUSES, 1) ?? "RUNNING",
    endTime: fields.integer("end_time"),
  }));
}

/** A model that is ready, or failed, wins over one that is pending. */
function mergedModelStatus({ ours, theirs }: MapSides): Merged {
  const [mine, other] = [ours, theirs].map((map) => {
    const fields = new MetaFields(map, "logged model's meta.yaml");
    const status = orUndefined(() => fields.choice("status", LOGGED_MODEL_STATUSES, 0) ?? "UNSPECIFIED");
    return status === "READY" || status === "FAILED";
  });
  if (mine === other) return "conflict";
  return mine === true ? "mine" : "theirs";
}

function orUndefined<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED")) throw error;
    return undefined;
  }
}
