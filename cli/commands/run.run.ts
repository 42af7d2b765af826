/** `runstone run`: records a command. The child comes first: whatever fails beside it is told at its end. */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { CapturePattern } from "../../core/process/capture-pattern.js";
import { compileCapturePattern } from "../../core/process/capture-pattern.js";
import { findCommand } from "../../core/process/find-command.js";
import { isInForeground, isUnderNohup, relaySignals } from "../../core/process/signals.js";
import type { CommandContext } from "../context.js";
import { OutputClosed } from "../output/output.js";
import { visible } from "../output/visible.js";
import { usageError } from "../parse/usage-error.js";
import { Problems } from "../run/problems.js";
import { prepareRun } from "../run/run-setup.js";
import { SignalDesk } from "../run/signal-desk.js";
import { type RunEnding, superviseRun } from "../run/supervise-run.js";
import type { RunArguments } from "./run.js";

export async function runRun(context: CommandContext, args: RunArguments): Promise<void> {
  const patterns = checkArguments(context, args);
  const command = findCommand(context.tail[0] ?? "", context.env, context.cwd);
  if (!command.found) {
    context.err.line(`runstone: ${visible(command.reason)}; nothing was recorded`);
    process.exitCode = command.exitCode;
    return;
  }
  const desk = new SignalDesk();
  const ignoreHangup = isUnderNohup();
  const relay = relaySignals({ kill: (signal) => desk.deliver(signal), ignoreHangup });
  const prepared = await prepareRun(context, args);
  const problems = new Problems();
  const idFile = args["id-file"];
  if (idFile !== undefined)
    problems.guard("--id-file", () => writeFileSync(resolve(context.cwd, idFile), prepared.run.info.runId));
  // The child outlives a bug of ours in any case; this keeps its run going, too.
  process.on("uncaughtException", (error) => problems.addError("this is a bug in runstone", error));
  const ending = await superviseRun({
    context,
    args,
    prepared,
    patterns,
    problems,
    desk,
    relay,
    ignoreHangup,
  });
  relay.stop();
  await ending.drained;
  tell(context, [...problems.lines(), ...ending.notes], ending);
  leave(ending.exitCode, ending.signal);
}

/** After everything the child printed; nobody may be left to read it. */
function tell(context: CommandContext, notes: readonly string[], ending: RunEnding): void {
  try {
    for (const note of notes) context.err.line(`runstone: ${note}`);
    context.err.line(context.json ? JSON.stringify(ending.facts) : `runstone: ${ending.summary}`);
    context.err.flush();
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
  }
}

/** Throws USAGE and INVALID_PARAMETER_VALUE before anything has happened. */
function checkArguments(context: CommandContext, args: RunArguments): readonly CapturePattern[] {
  if (context.tail.length === 0)
    throw usageError("there is no command to run", "runstone run -- python train.py");
  if (args.resume !== undefined && (args["run-key"] !== undefined || args.experiment !== undefined)) {
    throw usageError("--resume names the run: --run-key and --experiment have no place beside it");
  }
  const interval = args["system-metrics-interval"];
  if (interval !== undefined && !(interval >= 0.1 && interval <= 86_400)) {
    throw usageError("--system-metrics-interval must lie between 0.1 and 86400 seconds");
  }
  return args.capture.map(compileCapturePattern);
}

/**
 * A shell that runs a loop goes on after exit code 130, and stops when its command died of Ctrl-C: so does ours, when
 * the command did.
 */
function leave(exitCode: number, signal: NodeJS.Signals | null): void {
  if (signal === "SIGINT" && isInForeground()) process.kill(process.pid, signal);
  else process.exit(exitCode);
}
