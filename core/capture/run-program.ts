import { spawn } from "node:child_process";

export interface ProgramOptions {
  /** Absolute path of the program. */
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** After so many bytes of output the program is stopped. */
  readonly maxBytes: number;
}

export interface ProgramOutput {
  readonly stdout: Buffer;
  /** True when there was more output than asked for. */
  readonly truncated: boolean;
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  /** At most the first 4 KiB. */
  readonly stderr: string;
}

/** The time ran out before the program ended. */
export class ProgramTimeout extends Error {}

const MAX_STDERR = 4096;

/** Runs a program without a shell, bounded in time and output. Rejects when it cannot start or time runs out. */
export function runProgram(options: ProgramOptions): Promise<ProgramOutput> {
  const { file, args, cwd, env, timeoutMs, maxBytes } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd,
      env,
      shell: false,
      windowsHide: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const chunks: Buffer[] = [];
    let [size, stderr] = [0, ""];
    const stop = (): void => {
      child.kill("SIGKILL");
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = setTimeout(() => {
      stop();
      reject(new ProgramTimeout(`no answer within ${timeoutMs} ms`));
    }, timeoutMs);
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > maxBytes) stop();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      if (stderr.length < MAX_STDERR) stderr += chunk.toString("utf8");
    });
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (exitCode) => {
      clearTimeout(timer);
      resolve({
        stdout: Buffer.concat(chunks).subarray(0, maxBytes),
        truncated: size > maxBytes,
        exitCode,
        stderr,
      });
    });
  });
}
