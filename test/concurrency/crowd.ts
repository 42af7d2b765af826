/** Starting the processes of a crowd and hearing what they acknowledged. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const CHILD = fileURLToPath(new URL("crowd-child.js", import.meta.url));

export interface Member {
  readonly child: ChildProcess;
  /** Lines said so far. */
  readonly said: string[];
  /** Resolves with the exit code, null after a signal; rejects when it fails by itself. */
  readonly done: Promise<number | null>;
  /** Resolves when a line that begins so was said. */
  heard(start: string): Promise<string>;
}

export function join(path: string, task: string, id: number, ...rest: readonly string[]): Member {
  const { NODE_EXTRA_CA_CERTS: _slow, ...env } = process.env;
  const child = spawn(process.execPath, [CHILD, path, task, String(id), ...rest], {
    stdio: ["pipe", "pipe", "pipe"],
    env,
  });
  const said: string[] = [];
  const waiting: { start: string; resolve: (line: string) => void }[] = [];
  let tail = "";
  let errors = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    const lines = (tail + text).split("\n");
    tail = lines.pop() ?? "";
    for (const line of lines) {
      said.push(line);
      for (const one of waiting) if (line.startsWith(one.start)) one.resolve(line);
    }
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const done = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0 || code === null) resolve(code);
      else reject(new Error(`member ${id} ended with ${code}: ${errors}`));
    });
  });
  const heard = (start: string): Promise<string> => {
    const before = said.find((line) => line.startsWith(start));
    if (before !== undefined) return Promise.resolve(before);
    return new Promise((resolve, reject) => {
      waiting.push({ start, resolve });
      done.then(
        () => reject(new Error(`member ${id} ended without saying ${start}`)),
        (error: unknown) => reject(error),
      );
    });
  };
  return { child, said, done, heard };
}
