import { adoptLease, inspectLease, type Lease, takeLease } from "../../core/leases/index.js";
import { mustFindRun, readRunInfo } from "../../core/store/read/runs.js";
import { readManifest } from "../../core/store/runs/seal.js";
import { type Integer, type RunInfo, type RunStatus, RunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { inTurn } from "../in-turn.js";
import { usageError } from "../parse/usage-error.js";
import { currentRunId, expandRunWords } from "../run-words.js";
import { ownerOfShell } from "../session/shell.js";
import { findRunId } from "../store/find-run.js";
import { type OpenStore, openStore } from "../store/open-store.js";
import type { EndArguments } from "./end.js";

export async function runEnd(context: CommandContext, args: EndArguments): Promise<void> {
  const status = statusOf(args);
  const opened = openStore(context);
  const words =
    args.runs.length > 0
      ? await expandRunWords(context, args.runs)
      : [await currentRunId(context, opened, args.run)];
  await inTurn(context, words, async (word) => {
    const runId = findRunId(opened, word);
    await endRun(context, opened, { runId, status, force: args["take-over"] });
    context.err.line(`Ended run ${runId.slice(0, 7)}: ${status}`);
  });
}

interface Ending {
  readonly runId: string;
  readonly status: RunStatus;
  readonly force: boolean;
}

async function endRun(context: CommandContext, { store }: OpenStore, ending: Ending): Promise<void> {
  const location = mustFindRun(store.context, ending.runId);
  const { directory } = location;
  if (isOver(directory)) assertGoingOn(ending.runId, readRunInfo(location));
  const lease = holdLease(context, directory, ending.force);
  try {
    const writer = await store.openRun(ending.runId);
    await writer.end({ status: ending.status });
  } finally {
    lease.release();
  }
}

/**
 * Sealed, and nobody holds it. A status alone says less: a script's own `mlflow.end_run()` sets it under a run that was
 * started by hand, and an end that met a full disk is repeated.
 */
function isOver(directory: string): boolean {
  return inspectLease(directory) === null && readManifest(directory) !== null;
}

/** An outcome is written once: `trap 'runstone end' EXIT` after an `end` must not turn FAILED into FINISHED. */
function assertGoingOn(runId: string, { status }: RunInfo): void {
  if (status === "RUNNING" || status === "SCHEDULED") return;
  throw new RunstoneError("INVALID_STATE", `run ${runId} has ended already: ${status}`, {
    hint: `To go on with it: runstone resume ${runId}`,
    data: { runId, status },
  });
}

/**
 * The lease this shell holds already, that of an owner that is gone, or that of another shell: a run that was started by
 * hand is ended by hand, wherever. Throws LEASE_HELD when a process of its own holds it.
 */
function holdLease({ env }: CommandContext, directory: string, force: boolean): Lease {
  const owner = ownerOfShell(env);
  const byHand = inspectLease(directory)?.info?.owner !== "process";
  return adoptLease(directory, owner) ?? takeLease(directory, owner, { force: force || byHand });
}

export function statusOf(args: EndArguments): RunStatus {
  const code = args["exit-code"];
  if (code === undefined) return args.status ?? "FINISHED";
  if (args.status !== undefined) throw usageError("--status and --exit-code exclude each other");
  return statusOfExitCode(code);
}

/** Shells report death by a signal as 128 and its number. */
export function statusOfExitCode(code: Integer): RunStatus {
  if (code === 0) return "FINISHED";
  return code > 128 ? "KILLED" : "FAILED";
}
