import type { Integer, LifecycleStage, StringMap } from "./entities.js";
import { RunstoneError } from "./errors.js";
import { MAX_YAML_BYTES } from "./limits.js";
import { decodeUtf8, invalidUtf8Offset, utf8Length } from "./text.js";
import { type GeneralYamlParser, parseYamlMap } from "./yaml/parse.js";
import { isYamlMap, isYamlNull, isYamlScalar, type YamlMap, yamlInteger, yamlString } from "./yaml/value.js";

export interface ParseOptions {
  /** Reads the YAML that MLflow itself never writes (see {@link GeneralYamlParser}); without it such a file is DAMAGED. */
  readonly general?: GeneralYamlParser | undefined;
  /** Path for messages and `data.path`. */
  readonly path?: string | undefined;
}

/**
 * Reads the map of a YAML file. Throws DAMAGED; `data.reason` is `"empty"` for a file of no or one byte or of white
 * space only (MLflow truncates before it writes: a reader may look again a moment later); `data.offset` is in bytes.
 */
export function parseYamlFile(bytes: Uint8Array, what: string, options: ParseOptions = {}): YamlMap {
  if (bytes.length > MAX_YAML_BYTES) throw damaged(what, "file is too large", MAX_YAML_BYTES, options);
  if (isEmpty(bytes)) throw damaged(what, "empty", 0, options);
  const text = decodeUtf8(bytes);
  if (text === undefined) throw damaged(what, "not valid UTF-8", invalidUtf8Offset(bytes), options);
  try {
    return parseYamlMap(text, options.general);
  } catch (error) {
    if (!(error instanceof RunstoneError) || error.code !== "DAMAGED") throw error;
    const { offset, reason } = error.data;
    const byteOffset = utf8Length(text.slice(0, Number(offset)));
    throw damaged(what, String(reason), byteOffset, options, error.cause ?? error);
  }
}

function isEmpty(bytes: Uint8Array): boolean {
  return bytes.length <= 1 || bytes.every((byte) => byte === 32 || (byte >= 9 && byte <= 13));
}

function damaged(
  what: string,
  reason: string,
  offset: number,
  options: ParseOptions,
  cause?: unknown,
): RunstoneError {
  const place = options.path === undefined ? "" : ` (${options.path}, byte ${offset})`;
  return new RunstoneError("DAMAGED", `The ${what} cannot be read: ${reason}${place}`, {
    hint: "Look at the file; `runstone fsck` names everything that is damaged.",
    data: { reason, offset, ...(options.path === undefined ? {} : { path: options.path }) },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Typed access to the members of one file's map; every refusal is DAMAGED and names the field. */
export class MetaFields {
  readonly map: YamlMap;
  readonly #what: string;
  readonly #options: ParseOptions;

  constructor(map: YamlMap, what: string, options: ParseOptions = {}) {
    this.map = map;
    this.#what = what;
    this.#options = options;
  }

  static parse(bytes: Uint8Array, what: string, options: ParseOptions = {}): MetaFields {
    return new MetaFields(parseYamlFile(bytes, what, options), what, options);
  }

  has(field: string): boolean {
    return this.map.has(field);
  }

  /** A text; null and absent are `null`. Numbers and booleans give their text. */
  string(field: string): string | null {
    const value = this.map.get(field);
    if (value === undefined || isYamlNull(value)) return null;
    return yamlString(value) ?? this.#refuse(field, "is no text");
  }

  requiredString(field: string): string {
    return this.string(field) ?? this.#refuse(field, this.has(field) ? "is null" : "is missing");
  }

  /** An integer; null and absent are `null`. */
  integer(field: string): Integer | null {
    const value = this.map.get(field);
    if (value === undefined || isYamlNull(value)) return null;
    return yamlInteger(value) ?? this.#refuse(field, "is no integer");
  }

  requiredInteger(field: string): Integer {
    return this.integer(field) ?? this.#refuse(field, this.has(field) ? "is null" : "is missing");
  }

  /** One of `names`, given by name (any case) or by its number, where the first name has the number `base`. */
  choice<Name extends string>(field: string, names: readonly Name[], base: number): Name | null {
    const value = this.map.get(field);
    if (value === undefined || isYamlNull(value)) return null;
    const number = yamlInteger(value);
    const text = yamlString(value)?.toUpperCase();
    const found = number === undefined ? names.find((name) => name === text) : names[Number(number) - base];
    return found ?? this.#refuse(field, "is not a known value");
  }

  /** `active` or `deleted`; absent means active. */
  lifecycleStage(): LifecycleStage {
    const stage = this.string("lifecycle_stage") ?? "active";
    if (stage === "active" || stage === "deleted") return stage;
    return this.#refuse("lifecycle_stage", "is neither active nor deleted");
  }

  /** A map of texts (null members are empty texts); absent, null and `[]` are the empty map. */
  stringMap(field: string): StringMap {
    const result: Record<string, string> = Object.create(null);
    const value = this.map.get(field);
    if (value === undefined || isYamlNull(value) || (Array.isArray(value) && value.length === 0))
      return result;
    if (!isYamlMap(value)) return this.#refuse(field, "is no map");
    for (const [key, item] of value) {
      if (!isYamlScalar(item)) return this.#refuse(`${field}.${key}`, "is no text");
      result[key] = yamlString(item) ?? "";
    }
    return result;
  }

  /** The members of a nested map; `undefined` when the field is not a map. */
  nested(field: string): MetaFields | undefined {
    const value = this.map.get(field);
    return isYamlMap(value) ? new MetaFields(value, this.#what, this.#options) : undefined;
  }

  /** Those of `fields` that the file lacks. */
  missing(fields: readonly string[]): string[] {
    return fields.filter((field) => !this.map.has(field));
  }

  #refuse(field: string, reason: string): never {
    const { path } = this.#options;
    const place = path === undefined ? "" : ` (${path})`;
    throw new RunstoneError("DAMAGED", `The ${this.#what} cannot be read: ${field} ${reason}${place}`, {
      hint: "Look at the file; `runstone fsck` names everything that is damaged.",
      data: { reason: `${field} ${reason}`, field, offset: 0, ...(path === undefined ? {} : { path }) },
    });
  }
}
