/** Which process is "this shell": the one that lives on between `runstone start`, `log` and `end`. */
import { readFileSync } from "node:fs";
import { type LeaseOwner, shellOwner, slurmOwner } from "../../core/leases/index.js";
import type { Environment } from "../context.js";

/** Programs that start us and end with us. */
const LAUNCHERS = /(^|\/)(npm|npx|pnpm|pnpx|yarn|yarnpkg|bunx|corepack)(-cli\.js|\.c?js)?$/;
const MOST_STEPS = 16;

/**
 * The parent process; above subshells (`$(...)`, pipes: forks with the command line of their parent) and above package
 * runners (`npx runstone`). The SLURM job where there is one.
 */
export function ownerOfShell(env: Environment): LeaseOwner {
  const pid = shellPid(process.ppid);
  const command = readCommandLine(pid).join(" ") || "shell";
  return env.SLURM_JOB_ID ? slurmOwner(env.SLURM_JOB_ID, pid, command) : shellOwner(pid, command);
}

/** How this shell (the script in it) was started; only its name for an interactive one; empty where it is not known. */
export function shellCommandLine(): readonly string[] {
  return readCommandLine(shellPid(process.ppid));
}

function shellPid(parent: number): number {
  let pid = parent;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const above = parentOf(pid);
    if (above <= 1 || !isPassing(readCommandLine(pid), readCommandLine(above))) return pid;
    pid = above;
  }
  return pid;
}

function isPassing(own: readonly string[], above: readonly string[]): boolean {
  if (own.length === 0) return false;
  if (own.join("\0") === above.join("\0")) return true;
  if (own.slice(0, 2).some((word) => LAUNCHERS.test(word))) return true;
  // `npm exec` runs us through `sh -c runstone ...`.
  return own[1] === "-c" && above.slice(0, 2).some((word) => LAUNCHERS.test(word));
}

/** Empty where /proc is not to be had. */
function readCommandLine(pid: number): readonly string[] {
  const text = readProc(pid, "cmdline");
  return text === "" ? [] : text.replace(/\0$/, "").split("\0");
}

/** 0 where it is not known. The name in parentheses may itself hold parentheses and blanks. */
function parentOf(pid: number): number {
  const stat = readProc(pid, "stat");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? 0) || 0;
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
