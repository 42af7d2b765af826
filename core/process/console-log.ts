/** The output of a child as an artifact of its run: live, redacted, byte for byte where nothing was redacted. */
import { isUtf8 } from "node:buffer";
import { RunstoneError } from "../../store-format/index.js";
import { type RedactionCounts, Redactor } from "../capture/redact.js";
import { LineAppender, statIfExists } from "../fs/index.js";
import type { SpoolSink } from "./spool-follower.js";

type Encoding = "utf8" | "latin1";

const LF = 0x0a;
const CR = 0x0d;
/** A line is shown in the run when it is complete, or this long. */
const MAX_PARTIAL = 64 * 1024;

/**
 * Redacts bytes. Text that is UTF-8 is read as such; anything else byte by byte, so that binary output comes out as it
 * went in.
 */
export class ByteRedactor {
  readonly #redactor = new Redactor();
  #carry: Buffer = Buffer.alloc(0);
  #encoding: Encoding = "utf8";
  /** Whether the redactor holds the beginning of a long line, in the present encoding. */
  #open = false;

  get counts(): RedactionCounts {
    return this.#redactor.counts;
  }

  /** What is safe to store after this block; the line without an end waits. */
  push(block: Buffer): Buffer {
    const data = this.#carry.length === 0 ? block : Buffer.concat([this.#carry, block]);
    let cut = Math.max(data.lastIndexOf(LF), data.lastIndexOf(CR)) + 1;
    if (data.length - cut > MAX_PARTIAL) cut = endOfCharacters(data);
    this.#carry = Buffer.from(data.subarray(cut));
    return cut === 0 ? Buffer.alloc(0) : this.#redact(data.subarray(0, cut));
  }

  /** The rest, at the end of the stream. */
  end(): Buffer {
    const rest = this.#carry.length === 0 ? [] : [this.#redact(this.#carry)];
    this.#carry = Buffer.alloc(0);
    return Buffer.concat([...rest, Buffer.from(this.#redactor.end(), this.#encoding)]);
  }

  #redact(bytes: Buffer): Buffer {
    const encoding = isUtf8(bytes) ? "utf8" : "latin1";
    const before = this.#open && encoding !== this.#encoding ? this.#redactor.end() : "";
    const head = Buffer.from(before, this.#encoding);
    this.#encoding = encoding;
    const text = this.#redactor.push(bytes.toString(encoding));
    const last = bytes[bytes.length - 1];
    this.#open = last !== LF && last !== CR;
    const body = Buffer.from(text, encoding);
    return head.length === 0 ? body : Buffer.concat([head, body]);
  }
}

/** The length of `data` without a UTF-8 sequence that is cut at its end. */
function endOfCharacters(data: Buffer): number {
  for (let back = 1; back <= 4 && back <= data.length; back += 1) {
    const byte = data[data.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? data.length - back : data.length;
  }
  return data.length;
}

export interface ConsoleLogOptions {
  /** Absolute path of the artifact; made at the first byte. */
  readonly path: string;
  /** A directory above it (the run's) that must be there: a run that was deleted does not come back as a stump. */
  readonly within: string;
  /** Told at every failure to write. */
  readonly onFailure: (error: unknown) => void;
}

/** Appends what it is given, redacted, to a file. After a failed write it keeps the bytes and tries again when asked. */
export class ConsoleLog implements SpoolSink {
  readonly #options: ConsoleLogOptions;
  readonly #redactor = new ByteRedactor();
  #appender: LineAppender | null = null;
  #pending: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(options: ConsoleLogOptions) {
    this.#options = options;
  }

  get counts(): RedactionCounts {
    return this.#redactor.counts;
  }

  take(block: Buffer): void {
    this.#pending = this.#redactor.push(block);
  }

  settle(): boolean {
    if (this.#pending.length === 0) return true;
    try {
      this.#open().append(this.#pending);
    } catch (error) {
      this.#options.onFailure(error);
      return false;
    }
    this.#pending = Buffer.alloc(0);
    return true;
  }

  /** Writes the line that has no end and closes the file. False: not everything could be written. */
  finish(): boolean {
    if (!this.settle()) return false;
    if (!this.#ended) this.#pending = this.#redactor.end();
    this.#ended = true;
    return this.settle() && this.#close();
  }

  #open(): LineAppender {
    if (this.#appender?.usable) return this.#appender;
    this.#appender?.close();
    if (statIfExists(this.#options.within) === null) throw gone(this.#options.within);
    // A log may end in the middle of a line, or in a carriage return.
    this.#appender = LineAppender.open(this.#options.path, {
      keepTorn: null,
      temporaryIn: this.#options.within,
    });
    return this.#appender;
  }

  #close(): boolean {
    try {
      this.#appender?.sync();
      this.#appender?.close();
      return true;
    } catch (error) {
      this.#options.onFailure(error);
      return false;
    }
  }
}

function gone(directory: string): RunstoneError {
  return new RunstoneError("IO_ERROR", `${directory} is gone`, {
    hint: "Was the run moved or deleted while it was in use?",
    data: { path: directory },
  });
}
