/** Child processes that serve a test: they end with it, whatever becomes of it. */
import { type ChildProcess, spawn } from "node:child_process";
import { fstatSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A test, or a whole file: `{ after }` of node:test. */
export interface Scope {
  after(end: () => void | Promise<void>): void;
}

export interface ServiceCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** The user it runs as; that of the tests when absent. */
  readonly uid?: number;
}

/** Ends the whole group when standard input ends, that is, with the process that started it, even if that was killed. */
const GUARD = '{ "$@"; kill -9 0; } & cat >/dev/null; kill -9 0';

/** A process group that serves until it is ended; what it printed last is kept for messages. */
export class Service {
  readonly #child: ChildProcess;
  readonly #closed: Promise<void>;
  /** A file, because a pipe that is full stops the program while this process waits for another. Errors go through a pipe: it ends with the last of the group. */
  readonly #output = openOutput();
  #errors = "";
  ended = false;

  constructor({ program, args, cwd, env, uid }: ServiceCommand) {
    const user = uid === undefined ? {} : { uid, gid: uid };
    const stdio = ["pipe", this.#output, "pipe"] as const;
    const command = ["-c", GUARD, "guard", program, ...args];
    this.#child = spawn("sh", command, { cwd, env, stdio: [...stdio], detached: true, ...user });
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk).slice(-MOST_SAID);
    });
    this.#child.stdin?.on("error", () => {}); // the group is gone: its end is told by "close"
    this.#closed = new Promise<void>((resolve) => {
      this.#child.on("error", (error) => {
        this.#errors += error.message;
        resolve();
      });
      this.#child.on("close", () => resolve());
    }).then(() => {
      this.ended = true;
    });
  }

  get said(): string {
    const { size } = fstatSync(this.#output);
    const end = Buffer.alloc(Math.min(size, MOST_SAID));
    readSync(this.#output, end, 0, end.length, size - end.length);
    return end.toString() + this.#errors;
  }

  /** Sends a signal to every process of the group and waits until all are gone. */
  async end(signal: "SIGTERM" | "SIGINT" | "SIGKILL"): Promise<void> {
    if (!this.ended && this.#child.pid !== undefined) process.kill(-this.#child.pid, signal);
    await this.#closed;
  }
}

/** The end of what a service says that is kept in mind, in bytes. */
const MOST_SAID = 20_000;

/** Of a file that has no name any more: it goes when nobody has it open. */
function openOutput(): number {
  const directory = mkdtempSync(join(tmpdir(), "runstone-service-"));
  try {
    return openSync(join(directory, "output"), "a+");
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** A TCP port of the loopback interface that nobody listened on just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
