/**
 * stdout and stderr, written straight to the descriptor: nothing is lost at exit, memory stays flat behind a slow
 * reader, and `node:tty` and the stream machinery are not loaded for a line of text.
 */
import { fstatSync, writeSync } from "node:fs";

/** The reader of our output went away (`runstone runs | head`): stop quietly. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}

const BUFFER = 1 << 16;

export class Output {
  readonly fd: number;
  #pending = "";
  #closed = false;
  #terminal: boolean | undefined;

  constructor(fd: number) {
    this.fd = fd;
  }

  get isTerminal(): boolean {
    this.#terminal ??= isTerminal(this.fd);
    return this.#terminal;
  }

  /** Columns of the terminal (COLUMNS wins, 80 when it does not say); undefined for a pipe or a file. */
  columns(env: Readonly<Record<string, string | undefined>>): number | undefined {
    if (!this.isTerminal) return undefined;
    const told = Number(env.COLUMNS);
    if (Number.isInteger(told) && told > 0) return told;
    return (this.fd === 2 ? process.stderr : process.stdout).columns || 80;
  }

  /** One line; the line feed is added. Throws {@link OutputClosed} when nobody reads. */
  line(text: string): void {
    this.write(`${text}\n`);
  }

  write(text: string): void {
    this.#pending += text;
    if (this.#pending.length >= BUFFER) this.flush();
  }

  /** Bytes as they are. */
  bytes(chunk: Uint8Array): void {
    this.flush();
    this.#send(chunk);
  }

  flush(): void {
    if (this.#pending === "") return;
    const text = this.#pending;
    this.#pending = "";
    this.#send(Buffer.from(text, "utf8"));
  }

  #send(bytes: Uint8Array): void {
    if (this.#closed) throw new OutputClosed("output closed");
    for (let sent = 0; sent < bytes.length; ) sent += this.#sendSome(bytes.subarray(sent));
  }

  #sendSome(bytes: Uint8Array): number {
    try {
      return writeSync(this.fd, bytes);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EAGAIN") return waitAMoment();
      this.#closed = true;
      if (code === "EPIPE" || code === "ECONNRESET")
        throw new OutputClosed("output closed", { cause: error });
      throw error;
    }
  }
}

/** A pipe that another process made non-blocking is full. */
function waitAMoment(): 0 {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  return 0;
}

/** Asks `node:tty` (3 ms to load) only about character devices. */
function isTerminal(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice() && process.getBuiltinModule("node:tty").isatty(fd);
  } catch {
    return false;
  }
}
