/**
 * The journal of a remote's state, by kind and key. Loading finds where the last line of each entry lies and no more;
 * values are read when they are asked for, so that memory holds no more than the keys.
 */
import { join } from "node:path";
import { createFile, LineAppender, OpenFile, replaceFileFrom } from "../../core/fs/index.js";
import { RunstoneError } from "../../store-format/index.js";
import {
  JOURNAL_FORMAT,
  JOURNAL_KINDS,
  type JournalKind,
  MAX_LINE_HEAD,
  parseHead,
  parseHeader,
  parseValue,
  serializeEntry,
  serializeHeader,
} from "./journal-lines.js";

const JOURNAL = "journal";
/** A journal below this size is not worth rewriting. Bytes. */
const REWRITE_FROM = 1 << 20;
/** A longer line is not read: nothing that is known of one run comes near. Bytes. */
const MAX_LINE = 1 << 28;
/** How much is read at once for entries that lie one behind another. Bytes. */
const AHEAD = 1 << 16;
const LF = 0x0a;

/** Receives each damaged line once, as it is met: DAMAGED with `data.path` and `data.offset`. */
export type OnJournalDamage = (damage: RunstoneError) => void;

/** The last line of an entry, without its LF. */
interface Span {
  readonly start: number;
  readonly length: number;
}

type Spans = Readonly<Record<JournalKind, Map<string, Span>>>;

export class Journal {
  readonly path: string;
  readonly #directory: string;
  readonly #onDamage: OnJournalDamage;
  #file: OpenFile | null;
  #spans: Spans = noSpans();
  /** Null: opened for reading only. */
  #appender: LineAppender | null = null;
  #length = 0;
  #live = 0;
  /** Of the file, whose ended lines do not change. */
  #ahead: { readonly start: number; readonly bytes: Buffer } = NOTHING_AHEAD;

  private constructor(directory: string, onDamage: OnJournalDamage) {
    this.#directory = directory;
    this.path = join(directory, JOURNAL);
    this.#onDamage = onDamage;
    this.#file = null;
  }

  /** For reading, beside a writer perhaps. A journal that is not there is empty. Throws typed I/O errors. */
  static read(directory: string, onDamage: OnJournalDamage): Journal {
    const journal = new Journal(directory, onDamage);
    journal.#load();
    return journal;
  }

  /**
   * For writing: the caller must be the only one. A torn end is cut off; mostly history is rewritten. Throws
   * FORMAT_TOO_NEW and typed I/O errors.
   */
  static open(directory: string, onDamage: OnJournalDamage): Journal {
    const journal = new Journal(directory, onDamage);
    journal.#openForWriting();
    journal.#rewriteIfStale();
    return journal;
  }

  keys(kind: JournalKind): Iterable<string> {
    return this.#spans[kind].keys();
  }

  /** The value of an entry; null when there is none. A damaged one is told and forgotten. Throws typed I/O errors. */
  get<Value>(kind: JournalKind, key: string, parse: (value: unknown) => Value | undefined): Value | null {
    const span = this.#spans[kind].get(key);
    if (span === undefined) return null;
    const value = parse(parseValue(this.#bytesOf(span).toString()));
    if (value !== undefined) return value;
    this.#drop(kind, key);
    this.#tellDamage(span.start, `the ${kind} ${JSON.stringify(key)}`);
    return null;
  }

  /** The first bytes of an entry's line, as many as it has; null when there is none. Throws typed I/O errors. */
  beginning(kind: JournalKind, key: string, length: number): Buffer | null {
    const span = this.#spans[kind].get(key);
    if (span === undefined) return null;
    return this.#readAhead({ start: span.start, length: Math.min(length, span.length) });
  }

  /** Whoever asks for entry after entry asks mostly in the order in which they lie: then many are read at once. */
  #readAhead(span: Span): Buffer {
    const { start, length } = span;
    const known = this.#ahead;
    const from = start - known.start;
    if (from >= 0 && from + length <= known.bytes.length) return known.bytes.subarray(from, from + length);
    const isNext = from >= 0 && from <= AHEAD;
    this.#ahead = { start, bytes: this.#bytesOf(isNext ? { start, length: AHEAD } : span) };
    return this.#ahead.bytes.subarray(0, length);
  }

  /** Appends; `null` takes the entry away. When it returns, `kill -9` loses nothing of it. Throws typed I/O errors. */
  put(kind: JournalKind, key: string, value: unknown): void {
    if (value === null && !this.#spans[kind].has(key)) return;
    const line = Buffer.from(serializeEntry(kind, key, value));
    this.#mustAppend().append(line);
    this.#note(kind, key, value === null ? null : { start: this.#length, length: line.length - 1 });
    this.#length += line.length;
  }

  /** Makes everything that was put durable. Throws typed I/O errors. */
  sync(): void {
    this.#mustAppend().sync();
    this.#rewriteIfStale();
  }

  /** Forgets everything: durably when opened for writing, else for this reader. Throws typed I/O errors. */
  clear(): void {
    this.#spans = noSpans();
    this.#live = 0;
    if (this.#appender !== null) this.#rewrite();
  }

  /** Gives up the descriptors; what was put and not synced is the kernel's. */
  close(): void {
    this.#appender?.close();
    this.#appender = null;
    this.#file?.close();
    this.#file = null;
  }

  #openForWriting(): void {
    const temporaryIn = this.#directory;
    createFile(this.path, Buffer.from(serializeHeader()), { temporaryIn, sync: true });
    // The scan tells where the last whole line ends; the appender cuts off what follows it.
    const appender = LineAppender.open(this.path, { temporaryIn, keepTorn: () => undefined });
    try {
      this.#load();
    } catch (error) {
      appender.close();
      throw error;
    }
    this.#appender = appender;
    if (this.#length === 0) this.#putHeader(appender);
  }

  /** Into a file that was cut off in its first line. */
  #putHeader(appender: LineAppender): void {
    const header = Buffer.from(serializeHeader());
    appender.append(header);
    this.#length = header.length;
  }

  #load(): void {
    this.#ahead = NOTHING_AHEAD;
    this.#spans = noSpans();
    this.#live = 0;
    this.#length = 0;
    this.#file = OpenFile.openIfExists(this.path);
    if (this.#file === null) return;
    for (const { start, length, head } of linesOf(this.#file)) {
      this.#length = start + length + 1;
      if (start === 0) this.#checkHeader(head.toString());
      else this.#index({ start, length }, head);
    }
  }

  #checkHeader(head: string): void {
    const format = parseHeader(head);
    if (format === undefined) this.#tellDamage(0, "the first line");
    else if (format > JOURNAL_FORMAT) throw tooNew(this.path, format);
  }

  #index(span: Span, beginning: Buffer): void {
    const head = span.length > MAX_LINE ? undefined : parseHead(beginning);
    if (head === undefined) this.#tellDamage(span.start, "a line");
    else this.#note(head.kind, head.key, head.gone ? null : span);
  }

  #note(kind: JournalKind, key: string, span: Span | null): void {
    this.#drop(kind, key);
    if (span === null) return;
    this.#spans[kind].set(key, span);
    this.#live += span.length + 1;
  }

  #drop(kind: JournalKind, key: string): void {
    const before = this.#spans[kind].get(key);
    if (before === undefined) return;
    this.#spans[kind].delete(key);
    this.#live -= before.length + 1;
  }

  /** In memory of their own. */
  #bytesOf({ start, length }: Span): Buffer {
    if (this.#file === null) throw new Error(`${this.path} was closed before it was read`);
    const bytes = this.#file.readGrown(start, start + length);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  #rewriteIfStale(): void {
    if (this.#length >= REWRITE_FROM && this.#live * 2 <= this.#length) this.#rewrite();
  }

  #rewrite(): void {
    replaceFileFrom(this.path, this.#liveLines(), this.#directory);
    this.close();
    this.#openForWriting();
  }

  *#liveLines(): Generator<Uint8Array> {
    yield Buffer.from(serializeHeader());
    for (const kind of JOURNAL_KINDS)
      for (const { start, length } of this.#spans[kind].values())
        yield this.#bytesOf({ start, length: length + 1 });
  }

  #mustAppend(): LineAppender {
    if (this.#appender === null) throw new Error(`${this.path} is not open for writing`);
    return this.#appender;
  }

  #tellDamage(offset: number, what: string): void {
    const { path } = this;
    this.#onDamage(
      new RunstoneError("DAMAGED", `${path}: ${what} cannot be read (byte ${offset})`, {
        hint: "Nothing is lost: what it says is looked up at the remote again.",
        data: { path, offset, reason: "not a line of a state journal" },
      }),
    );
  }
}

const NOTHING_AHEAD = { start: 0, bytes: Buffer.alloc(0) };

function noSpans(): Spans {
  return {
    ...{ remote: new Map(), run: new Map(), experiment: new Map(), conflicts: new Map() },
    ...{ catalog: new Map() },
  };
}

interface Line extends Span {
  /** All of it, or its first {@link MAX_LINE_HEAD} bytes; valid only until the next line. */
  readonly head: Buffer;
}

/** Every ended line. */
function* linesOf(file: OpenFile): Generator<Line> {
  let start = 0;
  let blockStart = 0;
  let carried = Buffer.alloc(0);
  for (const bytes of file.blocks()) {
    const block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    let from = 0;
    for (let end = block.indexOf(LF); end >= 0; end = block.indexOf(LF, from)) {
      const length = blockStart + end - start;
      yield { start, length, head: headOf(carried, block.subarray(from, end)) };
      carried = Buffer.alloc(0);
      from = end + 1;
      start = blockStart + from;
    }
    // The memory of the block is used again.
    carried = Buffer.from(headOf(carried, block.subarray(from)));
    blockStart += block.length;
  }
}

function headOf(carried: Buffer, more: Buffer): Buffer {
  const missing = more.subarray(0, Math.max(0, MAX_LINE_HEAD - carried.length));
  return carried.length === 0 ? missing : Buffer.concat([carried, missing]);
}

function tooNew(path: string, found: number): RunstoneError {
  return new RunstoneError(
    "FORMAT_TOO_NEW",
    `${path} has format ${found}; this release knows format ${JOURNAL_FORMAT}`,
    {
      hint: "Upgrade runstone, or delete the file: what it says is looked up at the remote again.",
      data: { path, found, expected: JOURNAL_FORMAT },
    },
  );
}
