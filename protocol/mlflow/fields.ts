/** Reading a message field by field by protobuf's JSON rules, so that what is wrong is named by its path. */
import {
  type Integer,
  MAX_INT64,
  MIN_INT64,
  parsePythonInt,
  RunstoneError,
} from "../../store-format/index.js";
import { isJsonObject, type Json, type JsonObject } from "./json.js";

/** What a field has that it may not have. `value`: as it came; undefined: it is missing. */
export interface WrongField {
  /** `run.info.run_id`, `metrics[0].timestamp`. */
  readonly path: string;
  /** What it ought to be: `a text`. */
  readonly expected: string;
  readonly value: Json | undefined;
}

/** Makes the error for a wrong field. */
export type Refusal = (wrong: WrongField) => RunstoneError;

/** Errors for what a remote answered: REMOTE_FAILED that names the endpoint and the field. */
export function wrongAnswer(endpoint: string): Refusal {
  return ({ path, expected, value }) => {
    const problem = value === undefined ? "is missing" : `is not ${expected}`;
    const field = path === "" ? "it" : path;
    return new RunstoneError("REMOTE_FAILED", `the answer to ${endpoint} is wrong: ${field} ${problem}`, {
      hint: "The address may not be that of an MLflow tracking server, or something between changes its answers.",
      data: { endpoint, field: path },
    });
  };
}

/** Errors for what a client asked, in MLflow's words: INVALID_PARAMETER_VALUE. */
export const wrongRequest: Refusal = ({ path, expected, value }) => {
  const message =
    value === undefined
      ? `Missing value for required parameter '${path}'`
      : `Invalid value ${shown(value)} for parameter '${path}' supplied: must be ${expected}`;
  return new RunstoneError("INVALID_PARAMETER_VALUE", message, { data: { field: path } });
};

function shown(value: Json): string {
  const text = JSON.stringify(value, (_name, item: unknown) =>
    typeof item === "bigint" ? String(item) : item,
  );
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}

/** A message. `null` counts as absent; names that nobody asks for are ignored. */
export class Fields {
  readonly path: string;
  readonly #object: JsonObject;
  readonly #refuse: Refusal;

  constructor(object: JsonObject, refuse: Refusal, path = "") {
    this.#object = object;
    this.#refuse = refuse;
    this.path = path;
  }

  /** The message that a JSON value is. */
  static of(value: Json, refuse: Refusal): Fields {
    if (!isJsonObject(value)) throw refuse({ path: "", expected: "an object", value });
    return new Fields(value, refuse);
  }

  has(name: string): boolean {
    return this.#get(name) !== undefined;
  }

  string(name: string): string | null {
    const value = this.#get(name);
    if (value === undefined || typeof value === "string") return value ?? null;
    throw this.wrong(name, "a text", value);
  }

  requiredString(name: string): string {
    return this.string(name) ?? this.#missing(name, "a text");
  }

  /** A text, or an integer, which is taken for its digits (ids, versions). */
  idText(name: string): string | null {
    const value = this.#get(name);
    return typeof value === "number" || typeof value === "bigint" ? String(value) : this.string(name);
  }

  /** An int64: a number or its digits as a text. */
  integer(name: string): Integer | null {
    const value = this.#get(name);
    if (value === undefined) return null;
    const integer = typeof value === "string" ? parsePythonInt(value) : value;
    if (typeof integer === "bigint" && integer >= MIN_INT64 && integer <= MAX_INT64) return integer;
    if (typeof integer === "number" && Number.isSafeInteger(integer)) return integer === 0 ? 0 : integer;
    throw this.wrong(name, "an integer", value);
  }

  /** A double: a number, or a text as protobuf writes NaN and the infinities. */
  double(name: string): number | null {
    const value = this.#get(name);
    if (value === undefined) return null;
    const double = doubleOf(value);
    if (double === undefined) throw this.wrong(name, "a number", value);
    return double;
  }

  requiredDouble(name: string): number {
    return this.double(name) ?? this.#missing(name, "a number");
  }

  boolean(name: string): boolean | null {
    const value = this.#get(name);
    if (value === undefined || typeof value === "boolean") return value ?? null;
    throw this.wrong(name, "true or false", value);
  }

  /** One of `names` by its name, or by its number, which counts from `first`. */
  choice<Name extends string>(name: string, names: readonly Name[], first: number): Name | null {
    const value = this.#get(name);
    if (value === undefined) return null;
    const found = typeof value === "number" ? names[value - first] : names.find((known) => known === value);
    if (found === undefined) throw this.wrong(name, `one of ${names.join(", ")}`, value);
    return found;
  }

  nested(name: string): Fields | null {
    const value = this.#get(name);
    if (value === undefined) return null;
    if (!isJsonObject(value)) throw this.wrong(name, "an object", value);
    return new Fields(value, this.#refuse, this.#pathOf(name));
  }

  requiredNested(name: string): Fields {
    return this.nested(name) ?? this.#missing(name, "an object");
  }

  /** Messages in their order; absent is none. */
  list(name: string): readonly Fields[] {
    return this.#items(name).map((item, index) => {
      const path = `${this.#pathOf(name)}[${index}]`;
      if (!isJsonObject(item)) throw this.#refuse({ path, expected: "an object", value: item });
      return new Fields(item, this.#refuse, path);
    });
  }

  strings(name: string): readonly string[] {
    return this.#items(name).map((item, index) => {
      if (typeof item === "string") return item;
      throw this.#refuse({ path: `${this.#pathOf(name)}[${index}]`, expected: "a text", value: item });
    });
  }

  /** The error for a field whose value breaks a rule of its own. */
  wrong(name: string, expected: string, value: Json = this.#get(name) ?? null): RunstoneError {
    return this.#refuse({ path: this.#pathOf(name), expected, value });
  }

  #missing(name: string, expected: string): never {
    throw this.#refuse({ path: this.#pathOf(name), expected, value: undefined });
  }

  #items(name: string): readonly Json[] {
    const value = this.#get(name);
    if (value === undefined) return [];
    if (!isJsonList(value)) throw this.wrong(name, "a list", value);
    return value;
  }

  #get(name: string): Json | undefined {
    return Object.hasOwn(this.#object, name) ? (this.#object[name] ?? undefined) : undefined;
  }

  #pathOf(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }
}

function isJsonList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

const DOUBLE = /^-?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

function doubleOf(value: Json): number | undefined {
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  if (typeof value !== "string") return undefined;
  if (/^nan$/i.test(value)) return Number.NaN;
  const infinite = INFINITE.exec(value);
  if (infinite !== null) return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return DOUBLE.test(value) ? Number(value) : undefined;
}
