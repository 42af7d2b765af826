/** The programs around: Node, Git, Python. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { CommandContext, Environment } from "../context.js";
import { VERSION } from "../version.js";
import { type Check, note, ok } from "./check.js";

const TIMEOUT_MS = 5000;

export async function checkPrograms({ env, cwd }: CommandContext): Promise<readonly Check[]> {
  const [git, workTree, python] = await Promise.all([
    firstLine("git", ["--version"], env, cwd),
    firstLine("git", ["rev-parse", "--show-toplevel"], env, cwd),
    firstLine("python3", ["--version"], env, cwd),
  ]);
  return [
    ok("runstone", VERSION),
    ok("node", `${process.versions.node} on ${process.platform} ${process.arch}`),
    ...(env.NODE_EXTRA_CA_CERTS ? [note("node start", "NODE_EXTRA_CA_CERTS is set", SLOW_START)] : []),
    git === null
      ? note("git", "not found", "Runs are recorded without the state of the code.")
      : ok("git", git),
    workTree === null
      ? note("work tree", "not in a Git work tree", "Runs are recorded without commit and changes.")
      : ok("work tree", workTree),
    python === null ? note("python3", "not found") : ok("python3", python),
  ];
}

const SLOW_START = "Node 20 reads the certificates at every start, which then takes more than twice as long.";

/** Null when the program is missing, fails or takes too long. */
async function firstLine(
  program: string,
  args: readonly string[],
  env: Environment,
  cwd: string,
): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(program, [...args], {
      env: { ...env },
      cwd,
      timeout: TIMEOUT_MS,
    });
    return stdout.split("\n")[0]?.trim() || null;
  } catch {
    return null;
  }
}
