/** A Python process that answers requests one after another, so that its imports are paid for once. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

interface Answer {
  readonly value?: unknown;
  /** The traceback of a request that raised. */
  readonly error?: string;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

type Child = ChildProcessByStdio<Writable, null, Readable>;

/**
 * Requests and answers are JSON, one a line: to the process's standard input, and from its file descriptor 3. It ends when
 * its input does, that is, with this process; it never keeps this process alive.
 */
export class PythonServer {
  readonly #start: () => Child;
  #child: Child | null = null;
  readonly #waiting: Waiting[] = [];
  #said = "";

  constructor(python: string, script: string, env: NodeJS.ProcessEnv) {
    this.#start = () =>
      // The types know three descriptors only.
      spawn(python, [script], { cwd: tmpdir(), env, stdio: ["pipe", "ignore", "pipe", "pipe"] }) as Child;
  }

  call(request: object): Promise<unknown> {
    const child = this.#child ?? this.#open();
    hold(child, true);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      child.stdin.write(`${JSON.stringify(request)}\n`);
    });
  }

  #open(): Child {
    const child = this.#start();
    child.stderr.on("data", (chunk: Buffer) => {
      this.#said = (this.#said + chunk).slice(-20_000);
    });
    createInterface({ input: answersOf(child) }).on("line", (line) =>
      this.#answer(JSON.parse(line) as Answer),
    );
    child.on("error", (error) => this.#fail(error));
    child.on("close", (code, signal) =>
      this.#fail(new Error(`ended with ${signal ?? code}:\n${this.#said}`)),
    );
    this.#child = child;
    return child;
  }

  #answer({ value, error }: Answer): void {
    const waiting = this.#waiting.shift();
    if (this.#waiting.length === 0 && this.#child !== null) hold(this.#child, false);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(error));
  }

  #fail(error: Error): void {
    this.#child = null;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }
}

/** Whether the event loop waits for the process. */
function hold(child: Child, yes: boolean): void {
  for (const handle of [child, child.stdin, child.stderr, answersOf(child)]) {
    const counted = handle as { ref?(): void; unref?(): void };
    if (yes) counted.ref?.();
    else counted.unref?.();
  }
}

function answersOf(child: Child): Readable {
  return child.stdio[3] as Readable;
}
