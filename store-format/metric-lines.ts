import type { DatasetRef, Integer, Point } from "./entities.js";
import { RunstoneError } from "./errors.js";
import { MAX_INT64, MAX_METRIC_LINE_BYTES, MAX_METRIC_PROBLEMS, MIN_INT64 } from "./limits.js";
import { parsePythonFloat, parsePythonInt, serializePythonFloat } from "./python-float.js";
import { decodeUtf8 } from "./text.js";

/** A metric file of a run (2, 3 or 5 fields a line) or of a logged model (4 or 6 fields). */
export type MetricFileKind = "run" | "model";

/** One point as its line says it; 5-field lines keep their true step. */
export interface MetricLine extends Point {
  /** Model files only: the run that logged the point. */
  readonly runId?: string;
}

/** A line that is no point. */
export interface MetricLineProblem {
  /** Byte offset of the line in the file. */
  readonly offset: number;
  /** Number of the line, from 1. */
  readonly line: number;
  readonly reason: string;
}

/** What a metric file holds besides its points. */
export interface MetricFileEnd {
  /** The first {@link MAX_METRIC_PROBLEMS} malformed lines. */
  readonly problems: readonly MetricLineProblem[];
  readonly problemCount: number;
  /** Where an unterminated last line begins: a write that was cut off, no point. */
  readonly torn: { readonly offset: number } | undefined;
  /** True when a line ended in CR LF: something converted the line ends. */
  readonly crlf: boolean;
  /** Bytes up to and including the last LF. A reader may go on from here. */
  readonly completeBytes: number;
}

export interface MetricFile extends MetricFileEnd {
  /** In file order. */
  readonly points: readonly MetricLine[];
}

const LF = 10;
const CR = 13;
const BLANK = 32;
const MINUS = 45;
const DOT = 46;
const ZERO = 48;
/** Digits that a double holds exactly, and the powers of ten that it holds exactly. */
const EXACT_DIGITS = 15;
const POWERS_OF_TEN = [
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
  1e20, 1e21, 1e22,
];
const WINDOW = 1 << 18;
/** A value with more characters is read the long way. */
const MAX_PLAIN_VALUE = 64;
/** One character per byte, so that offsets in the text are offsets in the bytes. */
const BYTE_TEXT = new TextDecoder("windows-1252");

/** Reads a whole metric file. Never throws: what is no point is a problem with its offset. */
export function parseMetricFile(bytes: Uint8Array, kind: MetricFileKind): MetricFile {
  const parser = new MetricLineParser(kind);
  const points: MetricLine[] = [];
  for (let start = 0; start < bytes.length; start += WINDOW) {
    parser.feed(bytes.subarray(start, start + WINDOW), points);
  }
  return { points, ...parser.end() };
}

/** One line without its LF (a CR before it is dropped); `undefined` when it is no point. */
export function parseMetricLine(line: string, kind: MetricFileKind): MetricLine | undefined {
  const parsed = parseFields(line.endsWith("\r") ? line.slice(0, -1) : line, kind);
  return typeof parsed === "string" ? undefined : parsed;
}

/**
 * Reads a metric file in chunks with memory for one line only. `push` gives the points of the lines that the chunk
 * completed; `end` gives the damage. A chunk may be reused by the caller once `push` has returned.
 */
export class MetricLineParser {
  readonly #kind: MetricFileKind;
  readonly #problems: MetricLineProblem[] = [];
  #problemCount = 0;
  #crlf = false;
  /** Beginning of a line whose LF has not come yet. */
  #carry: Uint8Array = new Uint8Array(0);
  /** Bytes of a line beyond the limit that were let go. */
  #skipped = 0;
  /** Offset in the file of the line that is being read. */
  #lineOffset = 0;
  #line = 1;
  #chunk: Uint8Array = this.#carry;
  #chunkText: string | undefined;
  #lastDataset: { readonly text: string; readonly ref: DatasetRef } | undefined;

  constructor(kind: MetricFileKind, start: { readonly offset?: number; readonly line?: number } = {}) {
    this.#kind = kind;
    this.#lineOffset = start.offset ?? 0;
    this.#line = start.line ?? 1;
  }

  push(chunk: Uint8Array): MetricLine[] {
    const points: MetricLine[] = [];
    this.feed(chunk, points);
    return points;
  }

  /** As `push`, appending to `points`. */
  feed(chunk: Uint8Array, points: MetricLine[]): void {
    let start = 0;
    if (this.#carry.length > 0 || this.#skipped > 0) {
      const lf = chunk.indexOf(LF);
      if (lf < 0) {
        this.#keep(chunk, 0);
        return;
      }
      this.#keep(chunk.subarray(0, lf + 1), 0);
      this.#finishCarry(points);
      start = lf + 1;
    }
    this.#chunk = chunk;
    this.#chunkText = undefined;
    while (start < chunk.length) {
      const next = this.#readPlainLine(start, points);
      if (next > 0) {
        start = next;
        continue;
      }
      const lf = chunk.indexOf(LF, start);
      if (lf < 0) break;
      this.#readLine(start, lf, points);
      start = lf + 1;
    }
    this.#keep(chunk, start);
  }

  end(): MetricFileEnd {
    const open = this.#carry.length > 0 || this.#skipped > 0;
    return {
      problems: this.#problems,
      problemCount: this.#problemCount,
      torn: open ? { offset: this.#lineOffset } : undefined,
      crlf: this.#crlf,
      completeBytes: this.#lineOffset,
    };
  }

  #keep(chunk: Uint8Array, start: number): void {
    const length = chunk.length - start;
    if (length <= 0) return;
    if (this.#skipped > 0 || this.#carry.length + length > MAX_METRIC_LINE_BYTES + 2) {
      this.#skipped += this.#carry.length + length;
      this.#carry = new Uint8Array(0);
      return;
    }
    const carry = new Uint8Array(this.#carry.length + length);
    carry.set(this.#carry);
    carry.set(chunk.subarray(start), this.#carry.length);
    this.#carry = carry;
  }

  #finishCarry(points: MetricLine[]): void {
    if (this.#skipped > 0) {
      this.#problem("line is too long");
      this.#next(this.#skipped);
      this.#skipped = 0;
      return;
    }
    this.#chunk = this.#carry;
    this.#chunkText = undefined;
    this.#carry = new Uint8Array(0);
    this.#readLine(0, this.#chunk.length - 1, points);
  }

  #readLine(start: number, lf: number, points: MetricLine[]): void {
    let end = lf;
    if (end > start && this.#chunk[end - 1] === CR) {
      end -= 1;
      this.#crlf = true;
    }
    const line = this.#readAnyLine(start, end);
    if (typeof line === "string") this.#problem(line);
    else points.push(line);
    this.#next(lf + 1 - start);
  }

  #next(bytes: number): void {
    this.#lineOffset += bytes;
    this.#line += 1;
  }

  #problem(reason: string): void {
    this.#problemCount += 1;
    if (this.#problems.length >= MAX_METRIC_PROBLEMS) return;
    this.#problems.push({ offset: this.#lineOffset, line: this.#line, reason });
  }

  /**
   * The line that nearly all are, `<digits> <number> <digits>` and LF, in one look at its bytes. Returns where the next line
   * begins; -1 for any other line, of which nothing was taken: it goes the long way.
   */
  #readPlainLine(start: number, points: MetricLine[]): number {
    if (this.#kind !== "run") return -1;
    const chunk = this.#chunk;
    const first = skipDigits(chunk, start, chunk.length);
    if (chunk[first] !== BLANK) return -1;
    const second = nextBlank(chunk, first + 1, Math.min(chunk.length, first + MAX_PLAIN_VALUE));
    if (chunk[second] !== BLANK) return -1;
    const negative = chunk[second + 1] === MINUS;
    const stepAt = negative ? second + 2 : second + 1;
    const end = skipDigits(chunk, stepAt, chunk.length);
    if (chunk[end] !== LF) return -1;
    const timestamp = plainInteger(chunk, start, first);
    const size = plainInteger(chunk, stepAt, end);
    if (timestamp < 0 || size < 0) return -1;
    const value = this.#readValue(first + 1, second);
    if (value === undefined) return -1;
    points.push({ timestamp, value, step: negative && size > 0 ? -size : size });
    this.#next(end + 1 - start);
    return end + 1;
  }

  #readValue(start: number, end: number): number | undefined {
    const exact = exactDecimal(this.#chunk, start, end);
    if (exact !== undefined) return exact;
    this.#chunkText ??= BYTE_TEXT.decode(this.#chunk);
    const text = this.#chunkText.slice(start, end);
    if (!isPlainNumber(this.#chunk, start, end)) return parsePythonFloat(text);
    return Number(text);
  }

  #readAnyLine(start: number, end: number): MetricLine | string {
    if (end - start > MAX_METRIC_LINE_BYTES) return "line is too long";
    const text = decodeUtf8(this.#chunk.subarray(start, end));
    if (text === undefined) return "line is not valid UTF-8";
    const line = parseFields(text, this.#kind);
    if (typeof line === "string" || line.dataset === undefined) return line;
    return { ...line, dataset: this.#sharedDataset(line.dataset) };
  }

  /** Long series name one dataset on every line: keep one object for it. */
  #sharedDataset(ref: DatasetRef): DatasetRef {
    const text = `${ref.name} ${ref.digest}`;
    if (this.#lastDataset?.text !== text) this.#lastDataset = { text, ref };
    return this.#lastDataset.ref;
  }
}

/** Index of the next blank or control character, line ends among them; `end` when there is none. */
function nextBlank(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  while (i < end && bytes[i]! > BLANK) i += 1;
  return i;
}

/** Value of up to 15 decimal digits, -1 for anything else (none, signs, underscores, more digits). */
function plainInteger(bytes: Uint8Array, start: number, end: number): number {
  if (end <= start || end - start > EXACT_DIGITS) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** `[-]digits[.digits]` of up to 15 digits: two exact doubles divided once, hence correctly rounded. */
function exactDecimal(bytes: Uint8Array, start: number, end: number): number | undefined {
  const negative = bytes[start] === MINUS;
  let mantissa = 0;
  let dot = -1;
  let digits = 0;
  for (let i = negative ? start + 1 : start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === DOT && dot < 0 && digits > 0) dot = i;
    else if (byte >= ZERO && byte <= ZERO + 9 && digits < EXACT_DIGITS) {
      mantissa = mantissa * 10 + (byte - ZERO);
      digits += 1;
    } else return undefined;
  }
  if (digits === 0) return undefined;
  const value = dot < 0 ? mantissa : mantissa / POWERS_OF_TEN[end - dot - 1]!;
  return negative ? -value : value;
}

/** Digits, `.`, `e`, `E`, `+`, `-` beginning like a number, where JavaScript and Python read alike. */
function isPlainNumber(bytes: Uint8Array, start: number, end: number): boolean {
  let i = bytes[start] === MINUS ? start + 1 : start;
  const from = i;
  i = skipDigits(bytes, i, end);
  if (i === from || i === end) return i !== from;
  if (bytes[i] === DOT) i = skipDigits(bytes, i + 1, end);
  if (i === end) return true;
  if (bytes[i] !== 0x65 && bytes[i] !== 0x45) return false;
  i += 1;
  if (bytes[i] === MINUS || bytes[i] === 0x2b) i += 1;
  return i < end && skipDigits(bytes, i, end) === end;
}

function skipDigits(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  while (i < end && bytes[i]! >= ZERO && bytes[i]! <= ZERO + 9) i += 1;
  return i;
}

/** The rule itself: fields between single blanks, integers and floats as Python reads them. */
function parseFields(line: string, kind: MetricFileKind): MetricLine | string {
  const fields = line.split(" ", 8);
  const { length } = fields;
  const expected =
    kind === "run" ? length === 2 || length === 3 || length === 5 : length === 4 || length === 6;
  if (!expected) return line === "" ? "line is blank" : `line has ${length > 7 ? "over 7" : length} fields`;
  const timestamp = parseInt64(fields[0]!);
  if (timestamp === undefined) return "timestamp is no integer";
  const value = parsePythonFloat(fields[1]!);
  if (value === undefined) return "value is no number";
  const step = length === 2 ? 0 : parseInt64(fields[2]!);
  if (step === undefined) return "step is no integer";
  const runId = kind === "model" ? { runId: fields[3]! } : {};
  if (length < 5) return { timestamp, value, step, ...runId };
  return {
    timestamp,
    value,
    step,
    ...runId,
    dataset: { name: fields[length - 2]!, digest: fields[length - 1]! },
  };
}

function parseInt64(text: string): Integer | undefined {
  const value = parsePythonInt(text);
  return value === undefined || value > MAX_INT64 || value < MIN_INT64 ? undefined : value;
}

/** `<timestamp> <value> <step>` and LF: the line of a run's metric file. A dataset is not written (kept beside). */
export function serializePoint(point: Pick<Point, "timestamp" | "value" | "step">): string {
  checkInteger(point.timestamp, "timestamp");
  checkInteger(point.step, "step");
  return `${point.timestamp} ${serializePythonFloat(point.value)} ${point.step}\n`;
}

/**
 * The line of a logged model's metric file: 4 fields, or 6 with a dataset. Throws INVALID_PARAMETER_VALUE for a run id
 * or dataset with white space, which would break the line.
 */
export function serializeModelPoint(point: MetricLine & { readonly runId: string }): string {
  const line = serializePoint(point).slice(0, -1);
  const { runId, dataset } = point;
  const more = dataset === undefined ? [runId] : [runId, dataset.name, dataset.digest];
  return `${[line, ...more.map(checkField)].join(" ")}\n`;
}

function checkField(text: string): string {
  if (text !== "" && !/[\s\p{C}\u0085]/u.test(text)) return text;
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `A metric line cannot hold the field ${JSON.stringify(text)}`,
    {
      hint: "Run ids, dataset names and dataset digests in metric files must not be empty or contain white space.",
      data: { field: text },
    },
  );
}

function checkInteger(value: Integer, what: string): void {
  if (typeof value === "number" ? Number.isSafeInteger(value) : value >= MIN_INT64 && value <= MAX_INT64)
    return;
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `The ${what} of a point must be an integer, not ${value}`,
    {
      hint: `Give the ${what} as a whole number (a bigint beyond ${Number.MAX_SAFE_INTEGER}).`,
      data: { [what]: String(value) },
    },
  );
}

/** What may be logged: a number, an integer timestamp >= 0 and an integer step. Throws INVALID_PARAMETER_VALUE. */
export function checkPoint(point: Pick<Point, "timestamp" | "value" | "step">): void {
  checkInteger(point.timestamp, "timestamp");
  checkInteger(point.step, "step");
  if (typeof point.value === "number" && point.timestamp >= 0) return;
  const what = typeof point.value === "number" ? "timestamp" : "value";
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `The ${what} of a point cannot be ${String(point[what])}`,
    {
      hint: what === "value" ? "Log numbers only." : "Timestamps are milliseconds since 1970.",
      data: { [what]: String(point[what]) },
    },
  );
}
