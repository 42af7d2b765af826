import type { CommandContext } from "../context.js";
import { resumeInShell } from "../session/resume-in-shell.js";
import { findRunId } from "../store/find-run.js";
import { openStore } from "../store/open-store.js";
import type { ResumeArguments } from "./resume.js";

export async function runResume(context: CommandContext, args: ResumeArguments): Promise<void> {
  const opened = openStore(context);
  const runId = findRunId(opened, args.run);
  await resumeInShell(context, opened, runId, args["take-over"]);
  context.out.line(runId);
}
