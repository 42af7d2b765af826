import { findSecrets, isCount, isSecretName, type SecretSpan } from "./secret-rules.js";

/** How many values each rule removed. Never the values. */
export type RedactionCounts = Readonly<Record<string, number>>;

export interface RedactedText {
  readonly text: string;
  readonly counts: RedactionCounts;
}

/** What stands in the place of a secret. */
export function redactionMark(rule: string): string {
  return `[redacted:${rule}]`;
}

/** Removes secrets from a text; see `secret-rules.ts` for what counts as one. Linear in the length of the text. */
export function redactText(text: string): RedactedText {
  const redactor = new Redactor();
  const head = redactor.push(text);
  return { text: head + redactor.end(), counts: redactor.counts };
}

/** Removes secrets from a command line, also where name and value are two arguments (`--password X`). */
export function redactArgv(argv: readonly string[]): string[] {
  return argv.map((argument, i) => redactArgument(argument, argv[i - 1]));
}

function redactArgument(argument: string, before: string | undefined): string {
  const assigned = /^(-{0,2}[A-Za-z_][\w.-]{0,127})=(.+)$/s.exec(argument);
  if (assigned && isSecretName(assigned[1] ?? "")) return `${assigned[1]}=${redactionMark("named_value")}`;
  const named = before !== undefined && /^--?[A-Za-z][\w.-]*$/.test(before) && isSecretName(before);
  if (named && !argument.startsWith("--") && !isCount(argument, before)) return redactionMark("named_value");
  return redactText(argument).text;
}

/** A line longer than this is redacted in pieces, so that memory stays bounded. */
const MAX_CARRY = 64 * 1024;
/** What of a cut line is looked at again with its continuation: a secret may begin here. */
const OVERLAP = 4 * 1024;
/** A private key has fewer lines; one whose end never comes must not swallow the log. */
const MAX_KEY_LINES = 256;

/** The longest first line of a private key. */
const KEY_LABEL = 128;
const KEY_BEGIN = /-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----/;
const KEY_END = /-----END (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----/;

/**
 * Removes secrets from a stream of text, line by line; `\n` and `\r` both end a line, so progress bars flow. Private
 * keys are followed over lines and every line of one is replaced, which keeps the line count. Time is linear, the
 * carry bounded.
 */
export class Redactor {
  readonly #counts: Record<string, number> = {};
  #carry = "";
  #keyLines = 0;
  #swallowUntil: RegExp | null = null;

  get counts(): RedactionCounts {
    return { ...this.#counts };
  }

  /** Takes the next chunk, gives the text that is now safe to store. */
  push(chunk: string): string {
    const parts: string[] = [];
    let from = 0;
    for (let at = nextLineEnd(chunk, from); at !== -1; at = nextLineEnd(chunk, from)) {
      parts.push(this.#takeLine(this.#carry + chunk.slice(from, at)), chunk.charAt(at));
      this.#carry = "";
      from = at + 1;
    }
    this.#carry += chunk.slice(from);
    if (this.#carry.length > MAX_CARRY) parts.push(this.#takeLongCarry());
    return parts.join("");
  }

  /** The rest, when the stream is at its end. */
  end(): string {
    const rest = this.#carry === "" ? "" : this.#takeLine(this.#carry);
    this.#carry = "";
    return rest;
  }

  #takeLine(line: string): string {
    this.#carry = line;
    const head = line.length > MAX_CARRY ? this.#takeLongCarry() : "";
    const rest = this.#withoutSwallowed(this.#carry);
    this.#swallowUntil = null;
    return head + this.#redactPiece(rest);
  }

  #takeLongCarry(): string {
    const parts: string[] = [];
    while (this.#carry.length > MAX_CARRY) {
      this.#carry = this.#withoutSwallowed(this.#carry);
      if (this.#carry.length > MAX_CARRY) parts.push(this.#takePiece());
    }
    return parts.join("");
  }

  /** Redacts the beginning of a long line, up to a place that lies in no secret. */
  #takePiece(): string {
    const piece = this.#carry.slice(0, MAX_CARRY);
    const cut = findCut(piece);
    this.#carry = this.#carry.slice(cut.length);
    this.#swallowUntil = cut.swallowUntil;
    return this.#redactPiece(piece.slice(0, cut.length));
  }

  /** Drops what is left of a secret whose beginning was replaced in the piece before. */
  #withoutSwallowed(line: string): string {
    if (this.#swallowUntil === null) return line;
    const end = line.search(this.#swallowUntil);
    if (end !== -1) this.#swallowUntil = null;
    return end === -1 ? "" : line.slice(end);
  }

  #redactPiece(line: string): string {
    if (this.#keyLines > 0) return this.#redactKeyLine(line);
    const begin = KEY_BEGIN.exec(line);
    if (begin === null) return this.#replace(line, findSecrets(line));
    this.#count("private_key");
    const head = this.#replace(line.slice(0, begin.index), findSecrets(line.slice(0, begin.index)));
    const end = KEY_END.exec(line.slice(begin.index));
    if (end === null) {
      this.#keyLines = 1;
      return head + redactionMark("private_key");
    }
    return (
      head +
      redactionMark("private_key") +
      this.#redactPiece(line.slice(begin.index + end.index + end[0].length))
    );
  }

  #redactKeyLine(line: string): string {
    const end = KEY_END.exec(line);
    if (end !== null) {
      this.#keyLines = 0;
      const rest = line.slice(end.index + end[0].length);
      return linePrefix(line.slice(0, end.index)) + redactionMark("private_key") + this.#redactPiece(rest);
    }
    this.#keyLines += 1;
    if (this.#keyLines <= MAX_KEY_LINES && isKeyMaterial(line))
      return linePrefix(line) + redactionMark("private_key");
    this.#keyLines = 0;
    return this.#redactPiece(line);
  }

  #replace(line: string, spans: readonly SecretSpan[]): string {
    if (spans.length === 0) return line;
    const parts: string[] = [];
    let from = 0;
    for (const { start, end, rule } of spans) {
      parts.push(line.slice(from, start), redactionMark(rule));
      this.#count(rule);
      from = end;
    }
    return parts.join("") + line.slice(from);
  }

  #count(rule: string): void {
    this.#counts[rule] = (this.#counts[rule] ?? 0) + 1;
  }
}

interface Cut {
  readonly length: number;
  /** Set when the piece ends inside a secret: what ends it. */
  readonly swallowUntil: RegExp | null;
}

/** Where a piece of a long line can end: before a secret, or after the beginning of an enormous one. */
function findCut(piece: string): Cut {
  const wanted = MAX_CARRY - OVERLAP;
  const span = findSecrets(piece).find(({ from, end }) => from < wanted && end > wanted);
  const key = piece.slice(0, wanted + KEY_LABEL).indexOf("-----BEGIN", wanted - KEY_LABEL);
  if (span === undefined)
    return {
      length: wholeCharacters(piece, key === -1 ? wanted : Math.min(wanted, key)),
      swallowUntil: null,
    };
  if (span.from > MAX_CARRY / 2) return { length: span.from, swallowUntil: null };
  const quote = /["'`]/.exec(piece.charAt(span.start - 1))?.[0];
  const open = span.end === piece.length;
  return { length: span.end, swallowUntil: open ? new RegExp(quote ?? "[\\s,;&\"'`]") : null };
}

/** One less when the cut would part a surrogate pair, whose halves no encoder can write. */
function wholeCharacters(text: string, length: number): number {
  const code = text.charCodeAt(length - 1);
  return code >= 0xd800 && code <= 0xdbff ? length - 1 : length;
}

/** The sign of a patch line or the indent before a key line. */
function linePrefix(line: string): string {
  return /^[+\- >]?[ \t]{0,40}/.exec(line)?.[0] ?? "";
}

/** Base64 with whatever a logger puts around it, a header of the key, or a blank line; prose is not. */
function isKeyMaterial(line: string): boolean {
  if (/[A-Za-z0-9+/=]{16,}/.test(line)) return true;
  return /^[+\- >]?\s{0,40}(?:[A-Za-z0-9+/=]{0,80}|[A-Za-z-]{1,40}: .{0,200})[\s"',\\]{0,40}$/.test(line);
}

function nextLineEnd(text: string, from: number): number {
  for (let i = from; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 10 || code === 13) return i;
  }
  return -1;
}
