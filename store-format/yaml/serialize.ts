import type { Integer } from "../entities.js";
import { RunstoneError } from "../errors.js";
import { serializePythonFloat } from "../python-float.js";
import { codePointLength, compareCodePoints, isWellFormedText, utf8Length } from "../text.js";
import { isBreak } from "./line-breaks.js";
import { isYamlNull, resolvesToString, type YamlScalar, type YamlValue } from "./value.js";

/** What can be written: plain values, or what {@link parseYamlMap} gave (an unquoted scalar keeps its type). */
export type YamlInput =
  | string
  | Integer
  | boolean
  | null
  | readonly YamlInput[]
  | ReadonlyMap<string, YamlInput | YamlValue>
  | YamlScalar
  | YamlInputObject;

export interface YamlInputObject {
  readonly [key: string]: YamlInput | undefined;
}

/** Column after which PyYAML folds at the next single blank. */
const BEST_WIDTH = 80;
/** A longer key (in bytes), or one of several lines, is written with `?`. */
const MAX_SIMPLE_KEY_BYTES = 128;
const ESCAPE_LETTERS: Readonly<Record<number, string>> = {
  0: "0",
  7: "a",
  8: "b",
  9: "t",
  10: "n",
  11: "v",
  12: "f",
  13: "r",
  27: "e",
  34: '"',
  92: "\\",
  133: "N",
  160: "_",
  8232: "L",
  8233: "P",
};

/**
 * The text that PyYAML's `safe_dump(map, allow_unicode=True, default_flow_style=False)` writes with libyaml's emitter,
 * byte for byte: block style, keys sorted by code points, folded at 80 columns. Members that are `undefined` are left
 * out; whole numbers are integers. Throws INVALID_PARAMETER_VALUE for a text with a lone surrogate.
 */
export function serializeYamlMap(map: YamlInputObject | ReadonlyMap<string, YamlInput | YamlValue>): string {
  const emitter = new Emitter();
  emitter.emit(map, -1);
  return emitter.finish();
}

interface ScalarText {
  readonly text: string;
  /** True when the text, unquoted, is read as what was meant. */
  readonly plain: boolean;
}

/** Follows libyaml's emitter.c: the same state, the same order of decisions. */
class Emitter {
  #out = "";
  /** In code points. */
  #column = 0;
  /** The last character written was white space, or nothing was written yet. */
  #whitespace = true;
  /** Nothing but indentation and the indicators `-`, `?`, `:` stands on this line. */
  #indention = true;

  /** `indent` is the column of the surrounding map or list, -1 at the top. */
  emit(value: unknown, indent: number, inMap = false): void {
    if (value instanceof Map) this.#emitMap([...value], indent);
    else if (Array.isArray(value)) this.#emitList(value, indent, inMap);
    else if (isScalarInput(value)) this.#emitScalar(scalarText(value), indent, false);
    else this.#emitMap(Object.entries(value as YamlInputObject), indent);
  }

  finish(): string {
    return `${this.#out}\n`;
  }

  #emitMap(entries: readonly (readonly [string, unknown])[], indent: number): void {
    const present = entries.filter(([, value]) => value !== undefined);
    if (present.length === 0) {
      this.#indicator("{}", false);
      return;
    }
    const own = indent < 0 ? 0 : indent + 2;
    for (const [key, value] of present.sort(([a], [b]) => compareCodePoints(a, b))) {
      this.#writeIndent(own);
      this.#emitKey(key, own);
      this.emit(value, own, true);
    }
  }

  #emitKey(key: string, indent: number): void {
    const scalar = scalarText(key);
    if (!hasBreak(key) && utf8Length(key) <= MAX_SIMPLE_KEY_BYTES) {
      this.#emitScalar(scalar, indent, true);
      this.#put(":");
      this.#whitespace = false;
      return;
    }
    this.#indicator("?", true);
    this.#emitScalar(scalar, indent, false);
    this.#writeIndent(indent);
    this.#indicator(":", true);
  }

  /** A list is not indented below its key, unless the key was written with `?`. */
  #emitList(items: readonly unknown[], indent: number, inMap: boolean): void {
    if (items.length === 0) {
      this.#indicator("[]", false);
      return;
    }
    const own = inMap && !this.#indention ? indent : indent + 2;
    for (const item of items) {
      this.#writeIndent(own);
      this.#indicator("-", true);
      this.emit(item, own);
    }
  }

  #indicator(text: string, isIndention: boolean): void {
    if (!this.#whitespace) this.#put(" ");
    this.#put(text);
    this.#whitespace = false;
    this.#indention = this.#indention && isIndention;
  }

  /** Writes text without line breaks. */
  #put(text: string, columns = text.length): void {
    this.#out += text;
    this.#column += columns;
  }

  #putBreak(text = "\n"): void {
    this.#out += text;
    this.#column = 0;
  }

  #writeIndent(indent: number): void {
    const column = this.#column;
    if (!this.#indention || column > indent || (column === indent && !this.#whitespace)) this.#putBreak();
    if (this.#column < indent) this.#put(" ".repeat(indent - this.#column));
    this.#whitespace = true;
    this.#indention = true;
  }

  #emitScalar(scalar: ScalarText, indent: number, isKey: boolean): void {
    const inner = indent < 0 ? 2 : indent + 2;
    const style = selectStyle(scalar);
    if (!this.#whitespace) this.#put(" ");
    this.#indention = false;
    if (style === "plain") this.#writeWords(scalar.text, inner, !isKey, false);
    else if (style === "single") this.#writeSingle(scalar.text, inner, !isKey);
    else this.#writeDouble(scalar.text, inner, !isKey);
    this.#whitespace = false;
    this.#indention = false;
  }

  #writeSingle(text: string, indent: number, folds: boolean): void {
    this.#put("'");
    this.#writeWords(text, indent, folds, true);
    this.#put("'");
  }

  /** Plain and single-quoted text: a lone blank beyond the width becomes a line break, a line break becomes two. */
  #writeWords(text: string, indent: number, folds: boolean, quoted: boolean): void {
    if (!/[ \n\u2028\u2029]/.test(text)) {
      const shown = quoted ? text.replaceAll("'", "''") : text;
      this.#put(shown, codePointLength(shown));
      return;
    }
    const points = Array.from(text);
    let inBreaks = false;
    for (const [i, point] of points.entries()) {
      if (point === " ") {
        if (folds && this.#mayFold(points, i) && isInner(points, i)) this.#writeIndent(indent);
        else this.#put(point);
      } else if (isBreak(point.charCodeAt(0))) {
        if (!inBreaks && point === "\n") this.#putBreak();
        this.#putBreak(point);
        this.#indention = true;
        inBreaks = true;
      } else {
        if (inBreaks) this.#writeIndent(indent);
        this.#put(quoted && point === "'" ? "''" : point, quoted && point === "'" ? 2 : 1);
        this.#indention = false;
        inBreaks = false;
      }
    }
    if (inBreaks) this.#writeIndent(indent);
  }

  #mayFold(points: readonly string[], i: number): boolean {
    return this.#column > BEST_WIDTH && points[i - 1] !== " " && points[i + 1] !== " ";
  }

  #writeDouble(text: string, indent: number, folds: boolean): void {
    const points = Array.from(text);
    this.#put('"');
    for (const [i, point] of points.entries()) {
      const code = point.codePointAt(0)!;
      if (isEscaped(code)) this.#put(escapeCode(code));
      else if (point !== " ") this.#put(point, 1);
      else if (folds && this.#column > BEST_WIDTH && isInner(points, i) && points[i - 1] !== " ") {
        this.#writeIndent(indent);
        if (points[i + 1] === " ") this.#put("\\");
      } else this.#put(point);
    }
    this.#put('"');
  }
}

function isInner(points: readonly string[], i: number): boolean {
  return i > 0 && i < points.length - 1;
}

function isScalarInput(value: unknown): value is string | Integer | boolean | null | YamlScalar {
  return typeof value !== "object" || value === null || typeof (value as YamlScalar).quoted === "boolean";
}

function scalarText(value: string | Integer | boolean | null | YamlScalar): ScalarText {
  if (typeof value === "string") return stringText(value);
  if (typeof value === "number") return { text: numberText(value), plain: true };
  if (value === null || typeof value !== "object") return { text: String(value), plain: true };
  if (value.quoted || resolvesToString(value.text)) return stringText(value.text);
  return { text: isYamlNull(value) ? "null" : value.text, plain: true };
}

function stringText(text: string): ScalarText {
  if (isWellFormedText(text)) return { text, plain: resolvesToString(text) };
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    "A text with a lone surrogate cannot be stored as UTF-8",
    {
      hint: "Remove the unpaired surrogate (often half of an emoji that was cut in two).",
    },
  );
}

function numberText(value: number): string {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value);
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value < 0 ? "-.inf" : ".inf";
  const text = serializePythonFloat(value);
  return text.includes(".") ? text : text.replace("e", ".0e");
}

function hasBreak(text: string): boolean {
  return /[\n\r\u0085\u2028\u2029]/.test(text);
}

const FIRST_INDICATOR = /^(?:[#,[\]{}&*!|>'"%@`]|[?:-](?=[ \t\r\n\u0085\u2028\u2029\0]|$)|---|\.\.\.)/;
const INNER_INDICATOR = /:(?=[ \t\r\n\u0085\u2028\u2029\0]|$)|[ \t\r\n\u0085\u2028\u2029\0]#/;

/** The first style of plain, single-quoted, double-quoted that holds the text. */
function selectStyle({ text, plain }: ScalarText): "plain" | "single" | "double" {
  if (/^[A-Za-z0-9_/.][A-Za-z0-9_/.-]*$/.test(text) && !text.startsWith("..."))
    return plain ? "plain" : "single";
  if (needsEscapes(text) || / [\n\u2028\u2029]/.test(text) || /[\n\u2028\u2029] /.test(text)) return "double";
  if (!plain || text === "" || hasBreak(text) || text.startsWith(" ") || text.endsWith(" ")) return "single";
  return FIRST_INDICATOR.test(text) || INNER_INDICATOR.test(text) ? "single" : "plain";
}

/** libyaml's "printable" leaves out tabs and other control characters, the byte-order mark and all astral characters. */
function needsEscapes(text: string): boolean {
  return /[^\n\u0020-\u007e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/.test(text);
}

function isEscaped(code: number): boolean {
  if (code === 0x22 || code === 0x5c || isBreak(code)) return true;
  return code > 0xffff || needsEscapes(String.fromCharCode(code));
}

function escapeCode(code: number): string {
  const letter = ESCAPE_LETTERS[code];
  if (letter !== undefined) return `\\${letter}`;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
