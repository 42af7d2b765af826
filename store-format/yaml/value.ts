import type { Integer } from "../entities.js";
import { parsePythonInt, toInteger } from "../python-float.js";

/**
 * A scalar as it stands in the file, its type not yet decided: the text (quotes, escapes and folds undone) and whether
 * it was quoted. Only unquoted text can mean a null, number or boolean.
 */
export interface YamlScalar {
  readonly text: string;
  readonly quoted: boolean;
}

export type YamlValue = YamlScalar | readonly YamlValue[] | YamlMap;

export type YamlMap = ReadonlyMap<string, YamlValue>;

export function isYamlScalar(value: YamlValue | undefined): value is YamlScalar {
  return value !== undefined && "quoted" in value;
}

export function isYamlMap(value: YamlValue | undefined): value is YamlMap {
  return value instanceof Map;
}

export function isYamlList(value: YamlValue | undefined): value is readonly YamlValue[] {
  return Array.isArray(value);
}

const NULL = /^(?:~|null|Null|NULL|)$/;
const TRUE = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const INT =
  /^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const FLOAT =
  /^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const TIMESTAMP =
  /^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)$/;
const RESOLVING_START = /^[-+0-9.~nNyYtTfFoO<=]/;

/** True when PyYAML's resolver (YAML 1.1) takes this plain text for a string. */
export function resolvesToString(text: string): boolean {
  if (text === "") return false;
  if (!RESOLVING_START.test(text)) return true;
  if (NULL.test(text) || TRUE.test(text) || FALSE.test(text) || text === "<<" || text === "=") return false;
  return !(INT.test(text) || FLOAT.test(text) || TIMESTAMP.test(text));
}

/** An unquoted null: `null`, `~` or nothing at all. */
export function isYamlNull(value: YamlValue | undefined): boolean {
  return isYamlScalar(value) && !value.quoted && NULL.test(value.text);
}

/**
 * The value that PyYAML would load: null, boolean, number or string. Dates stay texts, whole floats become numbers
 * like integers.
 */
export function resolveYamlScalar(scalar: YamlScalar): string | Integer | boolean | null {
  const { text } = scalar;
  if (scalar.quoted || resolvesToString(text)) return text;
  if (NULL.test(text)) return null;
  if (TRUE.test(text)) return true;
  if (FALSE.test(text)) return false;
  if (INT.test(text)) return resolveInt(text);
  return FLOAT.test(text) ? resolveFloat(text) : text;
}

/** An integer as PyYAML reads it, in quotes too; whole floats (`12.0`) pass. `undefined` for anything else. */
export function yamlInteger(value: YamlValue | undefined): Integer | undefined {
  if (!isYamlScalar(value)) return undefined;
  if (!value.quoted && INT.test(value.text)) return resolveInt(value.text);
  const integer = parsePythonInt(value.text);
  if (integer !== undefined) return integer;
  const float = FLOAT.test(value.text) ? resolveFloat(value.text) : Number.NaN;
  return Number.isSafeInteger(float) ? float : undefined;
}

/** The text of any scalar that is not null: numbers and booleans as they are written. `undefined` for the rest. */
export function yamlString(value: YamlValue | undefined): string | undefined {
  return isYamlScalar(value) && !isYamlNull(value) ? value.text : undefined;
}

const SHORT_DECIMAL = /^(?:0|[1-9][0-9]{0,14})$/;

function resolveInt(text: string): Integer {
  if (SHORT_DECIMAL.test(text)) return Number(text);
  const plain = text.replaceAll("_", "");
  const negative = plain.startsWith("-");
  const digits = /^[-+]/.test(plain) ? plain.slice(1) : plain;
  const size = digits.includes(":") ? sexagesimal(digits) : BigInt(radixForm(digits));
  return toInteger(negative ? -size : size);
}

/** YAML 1.1 writes octal numbers with a bare leading zero. */
function radixForm(digits: string): string {
  return /^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits;
}

function sexagesimal(digits: string): bigint {
  return digits.split(":").reduce((total, part) => total * 60n + BigInt(part), 0n);
}

function resolveFloat(text: string): number {
  const plain = text.replaceAll("_", "").toLowerCase();
  const sign = plain.startsWith("-") ? -1 : 1;
  const size = /^[-+]/.test(plain) ? plain.slice(1) : plain;
  if (size === ".inf") return sign * Number.POSITIVE_INFINITY;
  if (size === ".nan") return Number.NaN;
  return sign * size.split(":").reduce((total, part) => total * 60 + Number(part), 0);
}
