/** One Git command as a child process: no shell, standard input given, output read whole or as it comes. */
import { spawn } from "node:child_process";

export interface GitProcess {
  /** Absolute path of the program. */
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array | undefined;
  /** Ends the child. */
  readonly signal?: AbortSignal | undefined;
}

export interface GitEnd {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  /** At most the last 16 KiB. */
  readonly stderr: string;
}

const MAX_STDERR = 16 * 1024;

/** Gives the output in pieces as it comes, at last how the child ended. Rejects only when it cannot be started. */
export async function* streamGit(process: GitProcess): AsyncGenerator<Buffer, GitEnd> {
  const { file, args, cwd, env, input, signal } = process;
  const child = spawn(file, args, {
    ...{ cwd, env, shell: false, windowsHide: true, stdio: "pipe" },
    ...(signal === undefined ? {} : { signal, killSignal: "SIGKILL" }),
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk.toString("utf8")).slice(-MAX_STDERR);
  });
  const ended = new Promise<GitEnd>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode, stderr }));
  });
  // Told below; without a listener a failure to start would end the process while output is awaited.
  ended.catch(() => {});
  // A child that ends early does not read all of its input: its exit code says why.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  let isRead = false;
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    isRead = true;
  } finally {
    if (!isRead) child.kill("SIGKILL");
  }
  return await ended;
}
