/** `.runstone/views/NAME.yaml`: a listing of runs that was kept under a name. */
import { RunstoneError } from "./errors.js";
import { type ParseOptions, parseYamlFile } from "./meta-fields.js";
import { serializeYamlMap } from "./yaml/serialize.js";
import {
  isYamlList,
  isYamlScalar,
  resolveYamlScalar,
  type YamlMap,
  type YamlValue,
  yamlString,
} from "./yaml/value.js";

/** The newest format of a saved view that this code writes. */
export const SAVED_VIEW_FORMAT = 1;

/** The options of `runstone runs`, by the names they have there; absent ones were not given. */
export interface SavedView {
  readonly filter?: string | undefined;
  readonly experiments: readonly string[];
  readonly view?: string | undefined;
  readonly orderBy: readonly string[];
  readonly columns: readonly string[];
  readonly groupBy: readonly string[];
  readonly best?: string | undefined;
  /** 0: all. */
  readonly limit?: number | undefined;
  readonly stats: boolean;
  readonly tree: boolean;
  readonly joinRanks: boolean;
}

/** Letters, digits, `_`, `-`, `.`, beginning with a letter or digit; at most 64. It is the name of a file. */
export function isSavedViewName(name: string): boolean {
  return /^[A-Za-z0-9][\w.-]{0,63}$/.test(name) && !name.endsWith(".");
}

const WHAT = "saved view";

/** Throws DAMAGED naming the member, FORMAT_TOO_NEW for a view of a newer release: part of it would say something else. */
export function parseSavedView(bytes: Uint8Array, options: ParseOptions = {}): SavedView {
  const members = new Members(parseYamlFile(bytes, WHAT, options), options);
  const format = members.count("format");
  if (format === undefined) throw members.refusal("format", "is missing");
  if (format > SAVED_VIEW_FORMAT) throw tooNew(format);
  return {
    filter: members.text("filter"),
    experiments: members.texts("experiments"),
    view: members.text("view"),
    orderBy: members.texts("order_by"),
    columns: members.texts("columns"),
    groupBy: members.texts("group_by"),
    best: members.text("best"),
    limit: members.count("limit"),
    stats: members.flag("stats"),
    tree: members.flag("tree"),
    joinRanks: members.flag("join_ranks"),
  };
}

export function serializeSavedView(view: SavedView): string {
  const some = (texts: readonly string[]) => (texts.length === 0 ? undefined : texts);
  return serializeYamlMap({
    format: SAVED_VIEW_FORMAT,
    filter: view.filter,
    experiments: some(view.experiments),
    view: view.view,
    order_by: some(view.orderBy),
    columns: some(view.columns),
    group_by: some(view.groupBy),
    best: view.best,
    limit: view.limit,
    stats: view.stats || undefined,
    tree: view.tree || undefined,
    join_ranks: view.joinRanks || undefined,
  });
}

function tooNew(found: number): RunstoneError {
  return new RunstoneError(
    "FORMAT_TOO_NEW",
    `The saved view has format ${found}; this release reads ${SAVED_VIEW_FORMAT}`,
    {
      hint: "Upgrade runstone, or save the view again.",
      data: { found, expected: SAVED_VIEW_FORMAT },
    },
  );
}

class Members {
  readonly #map: YamlMap;
  readonly #options: ParseOptions;

  constructor(map: YamlMap, options: ParseOptions) {
    this.#map = map;
    this.#options = options;
  }

  text(name: string): string | undefined {
    const value = this.#map.get(name);
    return value === undefined ? undefined : this.#textOf(name, value);
  }

  texts(name: string): readonly string[] {
    const value = this.#map.get(name);
    if (value === undefined) return [];
    if (!isYamlList(value)) throw this.refusal(name, "is no list");
    return value.map((item) => this.#textOf(name, item));
  }

  flag(name: string): boolean {
    const value = this.#resolve(name) ?? false;
    if (typeof value !== "boolean") throw this.refusal(name, "is neither true nor false");
    return value;
  }

  count(name: string): number | undefined {
    const value = this.#resolve(name);
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
    throw this.refusal(name, "is no whole number");
  }

  refusal(name: string, reason: string): RunstoneError {
    const { path } = this.#options;
    return new RunstoneError("DAMAGED", `The ${WHAT} cannot be used: ${name} ${reason}`, {
      hint: `Correct ${name}${path === undefined ? "" : ` in ${path}`}, or save the view again.`,
      data: { reason: `${name} ${reason}`, field: name, offset: 0, ...(path === undefined ? {} : { path }) },
    });
  }

  #resolve(name: string): unknown {
    const value = this.#map.get(name);
    return isYamlScalar(value) ? (resolveYamlScalar(value) ?? undefined) : value;
  }

  #textOf(name: string, value: YamlValue): string {
    const text = yamlString(value);
    if (text === undefined) throw this.refusal(name, "is no text");
    return text;
  }
}
