import type { CommandContext } from "../context.js";
import { Problems } from "../run/problems.js";
import { recoverOutput } from "../run/recover-output.js";
import { spoolsOfRun } from "../run/spool-bases.js";
import { runIdOf } from "../run-words.js";
import { resumeInShell } from "../session/resume-in-shell.js";
import { type OpenStore, openStore } from "../store/open-store.js";
import type { ResumeArguments } from "./resume.js";

export async function runResume(context: CommandContext, args: ResumeArguments): Promise<void> {
  const opened = openStore(context);
  const runId = await runIdOf(context, opened, args.run);
  await resumeInShell(context, opened, runId, args["take-over"]);
  await bringInOutput(context, opened, runId);
  context.out.line(runId);
}

/** What the command of `runstone run` printed after its wrapper was killed waits on this host's local disk. */
async function bringInOutput(
  context: CommandContext,
  { store, onDamage }: OpenStore,
  runId: string,
): Promise<void> {
  const spools = spoolsOfRun(context, runId);
  if (spools.length === 0) return;
  const writer = await store.openRun(runId);
  const problems = new Problems();
  const told = await recoverOutput({ store, onDamage, writer, spools, problems });
  await writer.close();
  for (const line of [...problems.lines(), ...told]) context.err.line(`runstone: ${line}`);
}
