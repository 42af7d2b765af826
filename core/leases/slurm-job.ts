/**
 * Asking SLURM whether a job has ended. Only its own word counts: a job it does not list proves nothing, since job ids
 * repeat between clusters that share a disk; so the node must be the claim's, too.
 */
const TIMEOUT_MS = 2000;
const GOING_ON =
  /^(PENDING|CONFIGURING|RUNNING|COMPLETING|SUSPENDED|STOPPED|REQUEUED|REQUEUE_HOLD|RESIZING|SIGNALING|STAGE_OUT)/;
const answers = new Map<string, boolean | null>();

/** True: it ended. False: it is there. Null: cannot tell (no SLURM here, no answer, another cluster). Asked once a process. */
export function slurmJobEnded(jobId: string, host: string): boolean | null {
  if (!/^[0-9]+(_[0-9]+)?$/.test(jobId)) return null;
  const known = answers.get(jobId);
  if (known !== undefined) return known;
  const answer =
    ask("squeue", ["--noheader", "--states=all", `--jobs=${jobId}`, "--format=%T %B"], host) ??
    ask(
      "sacct",
      [
        "--noheader",
        "--parsable2",
        "--allocations",
        `--jobs=${jobId}`,
        "--format=State,NodeList",
        "--delimiter= ",
      ],
      host,
    );
  answers.set(jobId, answer);
  return answer;
}

/** Lines of state and node. */
function ask(program: string, args: readonly string[], host: string): boolean | null {
  // Loaded when it is needed: nearly no command asks SLURM, and each would pay for it at its start.
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  const { status, stdout } = spawnSync(program, args, {
    encoding: "utf8",
    timeout: TIMEOUT_MS,
    stdio: ["ignore", "pipe", "ignore"],
  });
  if (status !== 0) return null;
  const [line = ""] = stdout.trim().split("\n");
  const state = line.split(" ")[0] ?? "";
  const node = line.split(" ").at(-1) ?? "";
  if (state === "" || shortName(node) !== shortName(host)) return null;
  return !GOING_ON.test(state);
}

function shortName(host: string): string {
  return host.split(".")[0] ?? host;
}
