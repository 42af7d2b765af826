import { takeLease } from "../../core/leases/index.js";
import { mustFindRun } from "../../core/store/read/runs.js";
import { isRunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { printJsonObject } from "../output/print-json.js";
import { visible } from "../output/visible.js";
import { parsePairs } from "../parse/pairs.js";
import { readRunKey } from "../parse/run-key.js";
import { runIdOf } from "../run-words.js";
import { captureAtStart, captureTags, logCapture } from "../session/capture-at-start.js";
import { resumeInShell } from "../session/resume-in-shell.js";
import { ownerOfShell } from "../session/shell.js";
import { experimentForNewRun } from "../store/default-experiment.js";
import { type OpenStore, openOrMakeStore } from "../store/open-store.js";
import type { StartArguments } from "./start.js";

export async function runStart(context: CommandContext, args: StartArguments): Promise<void> {
  const opened = await openOrMakeStore(context);
  const { experimentId, name } = await experimentForNewRun(context, opened, args.experiment);
  const runId = await startOrResume(context, opened, args, experimentId);
  if (context.json) printJsonObject(context, { run_id: runId, experiment_id: experimentId });
  else context.out.line(runId);
  context.err.line(
    `Started run ${runId.slice(0, 7)} in ${visible(name)}; end it with: runstone end --run ${runId}`,
  );
}

async function startOrResume(
  context: CommandContext,
  opened: OpenStore,
  args: StartArguments,
  experimentId: string,
): Promise<string> {
  const key = readRunKey(args);
  const earlier = key === undefined ? null : await opened.store.findRunByKey(experimentId, key);
  if (earlier !== null) {
    await resumeInShell(context, opened, earlier, false);
    await opened.store.logBatch(earlier, { params: parsePairs(args.param), tags: parsePairs(args.tag) });
    return earlier;
  }
  try {
    return await startNew(context, opened, args, experimentId);
  } catch (error) {
    // Another host started the same job between our look and our claim.
    if (key === undefined || !isRunstoneError(error, "RESOURCE_ALREADY_EXISTS")) throw error;
    return startOrResume(context, opened, args, experimentId);
  }
}

async function startNew(
  context: CommandContext,
  opened: OpenStore,
  args: StartArguments,
  experimentId: string,
): Promise<string> {
  const { store } = opened;
  const capture = await captureAtStart(context, store.context);
  const { parent: word } = args;
  const parent = word === undefined ? undefined : await runIdOf(context, opened, word);
  const key = readRunKey(args);
  const run = await store.createRun({
    experimentId,
    params: parsePairs(args.param),
    tags: { ...captureTags(capture), ...parsePairs(args.tag) },
    ...(args.name === undefined ? {} : { runName: args.name }),
    ...(parent === undefined ? {} : { parentRunId: parent }),
    ...(key === undefined ? {} : { runKey: key }),
  });
  const { runId } = run.info;
  takeLease(mustFindRun(store.context, runId).directory, ownerOfShell(context.env));
  const writer = await store.openRun(runId);
  await logCapture(writer, capture, context.env);
  await writer.close();
  return runId;
}
