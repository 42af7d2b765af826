/**
 * Starting a child and saying how it ended. The child gets an argument vector, never a shell line; it stays in the
 * process group of its parent, so that Ctrl-C reaches it from the terminal; it reads the parent's standard input.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import type { RunStatus } from "../../store-format/index.js";
import type { Environment } from "./child-environment.js";

export interface ChildOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Environment;
  /** Where its output goes: an open descriptor, or that of the parent. */
  readonly stdout: number | "inherit";
  readonly stderr: number | "inherit";
  /** Started under `nohup`: the child ignores SIGHUP, as it would without us. */
  readonly ignoreHangup?: boolean;
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunningChild {
  readonly pid: number;
  /** Settles when the process itself has ended, whoever still holds its output open. */
  readonly exit: Promise<ChildExit>;
  kill(signal: NodeJS.Signals): void;
}

/** Resolves as soon as the program runs. Rejects with the errno error of a start that failed. */
export function startChild(options: ChildOptions): Promise<RunningChild> {
  const { program, args } = options.ignoreHangup ? withHangupIgnored(options) : options;
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env as NodeJS.ProcessEnv,
    stdio: ["inherit", options.stdout, options.stderr],
    shell: false,
    windowsHide: true,
  });
  const exit = new Promise<ChildExit>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("spawn", () => {
      child.off("error", reject);
      // A signal that cannot be delivered is no failure of the run.
      child.on("error", () => {});
      resolve(toRunningChild(child, exit));
    });
  });
}

function toRunningChild(child: ChildProcess, exit: Promise<ChildExit>): RunningChild {
  return { pid: child.pid ?? -1, exit, kill: (signal) => void child.kill(signal) };
}

/** Node resets ignored signals when it starts a process; a shell between them that `exec`s does not. */
function withHangupIgnored(options: ChildOptions): Pick<ChildOptions, "program" | "args"> {
  const script = 'trap \'\' HUP; exec "$0" "$@"';
  return { program: "/bin/sh", args: ["-c", script, options.program, ...options.args] };
}

/** How a run ends by the end of its child. */
export interface Outcome {
  readonly status: RunStatus;
  /** What the wrapper exits with: the child's code, or 128 + the number of the signal. */
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | null;
}

/**
 * FINISHED (0), FAILED (another code), KILLED (a signal). A code of 128 + n counts as killed when signal n was passed
 * on: a shell between us and the program reports it so.
 */
export function outcomeOf(exit: ChildExit, passedOn: ReadonlySet<NodeJS.Signals>): Outcome {
  if (exit.signal !== null) {
    return { status: "KILLED", exitCode: 128 + constants.signals[exit.signal], signal: exit.signal };
  }
  const exitCode = exit.code ?? 1;
  if (exitCode === 0) return { status: "FINISHED", exitCode, signal: null };
  const signal = [...passedOn].find((name) => 128 + constants.signals[name] === exitCode) ?? null;
  return { status: signal === null ? "FAILED" : "KILLED", exitCode, signal };
}
