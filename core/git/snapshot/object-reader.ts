/** Objects of the repository through one `git cat-file --batch`, asked as they are needed. */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { RunstoneError } from "../../../store-format/index.js";
import type { Repository } from "../repository.js";

export interface ReadObject {
  readonly oid: string;
  readonly type: string;
  readonly body: Buffer;
}

interface Question {
  readonly name: string;
  readonly resolve: (answer: ReadObject | null) => void;
  readonly reject: (error: Error) => void;
}

/** Larger objects are not read: the child is ended, and starts anew with the next question. */
const MAX_BODY = 64 * 1024 * 1024;

export class ObjectReader {
  readonly #repository: Repository;
  #child: ChildProcessWithoutNullStreams | null = null;
  #questions: Question[] = [];
  #chunks: Buffer[] = [];
  #length = 0;
  /** With fewer bytes the next answer cannot be whole. */
  #needed = 0;

  constructor(repository: Repository) {
    this.#repository = repository;
  }

  /** Starts the child before it is needed. */
  warm(): void {
    this.#child ??= this.#start();
  }

  /** `name` is an object id, perhaps with `^{tree}`. Null: it is not here. Rejects GIT_FAILED when Git fails. */
  read(name: string): Promise<ReadObject | null> {
    this.#child ??= this.#start();
    const child = this.#child;
    return new Promise((resolve, reject) => {
      this.#questions.push({ name, resolve, reject });
      child.stdin.write(`${name}\n`);
    });
  }

  /** An object of this id is in the repository. */
  async has(oid: string): Promise<boolean> {
    return (await this.read(oid)) !== null;
  }

  close(): void {
    this.#child?.kill("SIGKILL");
    this.#end(this.#child);
  }

  #start(): ChildProcessWithoutNullStreams {
    const child = this.#repository.start(["cat-file", "--batch"]);
    child.stdin.on("error", () => {}); // "close" says that it ended
    child.stderr.resume();
    child.stdout.on("data", (chunk: Buffer) => {
      if (this.#child === child) this.#take(chunk);
    });
    child.on("error", () => this.#end(child));
    child.on("close", () => this.#end(child));
    return child;
  }

  #end(child: ChildProcessWithoutNullStreams | null): void {
    if (child === null || this.#child !== child) return;
    const open = this.#questions;
    this.#child = null;
    this.#questions = [];
    this.#chunks = [];
    this.#length = 0;
    this.#needed = 0;
    for (const { name, reject } of open)
      reject(new RunstoneError("GIT_FAILED", `git cat-file ended before it gave ${name}`));
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#needed) return;
    while (this.#questions.length > 0 && this.#takeAnswer());
  }

  /** False: more has to come. */
  #takeAnswer(): boolean {
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [bytes];
    const end = bytes.indexOf(10);
    if (end === -1) return false;
    const header = bytes.toString("latin1", 0, end);
    const match = /^([0-9a-f]+) (\w+) (\d+)$/.exec(header);
    if (match === null) return this.#answer(bytes, end + 1, null);
    const size = Number(match[3]);
    if (size > MAX_BODY) {
      this.close();
      return false;
    }
    const whole = end + 1 + size + 1;
    if (bytes.length < whole) {
      this.#needed = whole;
      return false;
    }
    const body = Buffer.from(bytes.subarray(end + 1, whole - 1));
    return this.#answer(bytes, whole, { oid: match[1] ?? "", type: match[2] ?? "", body });
  }

  #answer(bytes: Buffer, length: number, answer: ReadObject | null): boolean {
    const rest = bytes.subarray(length);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#length = rest.length;
    this.#needed = 0;
    this.#questions.shift()?.resolve(answer);
    return rest.length > 0;
  }
}
