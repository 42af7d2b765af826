/** Beginning and ending a run on a server, for shell scripts. A server knows no owner: nothing tells when the shell dies. */
import { join } from "node:path";
import { captureBefore, captureTags, snapshotLimitsOf } from "../../core/capture/capture.js";
import { readConfig } from "../../core/store/open-context.js";
import { findWorkspace } from "../../core/workspace/find-workspace.js";
import { RunstoneError } from "../../store-format/index.js";
import type { RestStore } from "../../sync/rest/index.js";
import type { EndArguments } from "../commands/end.js";
import { statusOf } from "../commands/end.run.js";
import type { StartArguments } from "../commands/start.js";
import type { CommandContext } from "../context.js";
import { inTurn } from "../in-turn.js";
import { printJsonObject } from "../output/print-json.js";
import { visible } from "../output/visible.js";
import { parsePairs } from "../parse/pairs.js";
import { readRunKey } from "../parse/run-key.js";
import { expandDashes } from "../run-words.js";
import { logCapture } from "../session/capture-at-start.js";
import { shellCommandLine } from "../session/shell.js";
import { findOrCreateExperiment } from "../store/default-experiment.js";
import { currentRunId, findRun } from "./find.js";
import { withServer } from "./open-server.js";

export async function runStart(context: CommandContext, args: StartArguments): Promise<void> {
  await withServer(context, async (store) => {
    const workspace = findWorkspace(context.cwd);
    const named = args.experiment ?? (context.env.RUNSTONE_EXPERIMENT || undefined);
    const { experimentId, name } = await findOrCreateExperiment(
      { store },
      named ?? readConfig(workspace).defaultExperiment,
    );
    const key = readRunKey(args);
    const earlier = key === undefined ? null : await store.findRunByKey(experimentId, key);
    const runId =
      earlier === null
        ? await begin(context, store, { args, experimentId, workspace })
        : await resume(store, args, earlier);
    if (context.json) printJsonObject(context, { run_id: runId, experiment_id: experimentId });
    else context.out.line(runId);
    context.err.line(
      `Started run ${runId.slice(0, 7)} in ${visible(name)}; end it with: runstone end --run ${runId}`,
    );
  });
}

async function resume(store: RestStore, args: StartArguments, runId: string): Promise<string> {
  const writer = await store.resumeRun(runId);
  writer.logParams(parsePairs(args.param));
  writer.setTags(parsePairs(args.tag));
  await writer.close();
  return runId;
}

interface Beginning {
  readonly args: StartArguments;
  readonly experimentId: string;
  readonly workspace: string | null;
}

async function begin(
  context: CommandContext,
  store: RestStore,
  { args, experimentId, workspace }: Beginning,
): Promise<string> {
  const { capture: parts } = readConfig(workspace);
  const argv = shellCommandLine();
  const capture = await captureBefore({
    cwd: context.cwd,
    env: context.env,
    argv,
    storePath: join(context.cwd, "mlruns"),
    parts: {
      git: parts.git,
      patch: parts.patch,
      snapshot: parts.snapshot,
      environment: parts.environment,
      command: argv.length > 1,
    },
    snapshotLimits: snapshotLimitsOf(parts),
  });
  const parent = args.parent === undefined ? undefined : (await findRun(store, args.parent)).info.runId;
  const key = readRunKey(args);
  const { info } = await store.createRun({
    experimentId,
    params: parsePairs(args.param),
    tags: { ...captureTags(capture), ...parsePairs(args.tag) },
    ...(args.name === undefined ? {} : { runName: args.name }),
    ...(parent === undefined ? {} : { parentRunId: parent }),
    ...(key === undefined ? {} : { runKey: key }),
  });
  const writer = await store.openRun(info.runId);
  await logCapture(writer, capture, context.env);
  await writer.close();
  return info.runId;
}

export async function runEnd(context: CommandContext, args: EndArguments): Promise<void> {
  const status = statusOf(args);
  await withServer(context, async (store) => {
    const words =
      args.runs.length > 0 ? await expandDashes(args.runs) : [await currentRunId(context, store, args.run)];
    await inTurn(context, words, async (word) => {
      const { info } = await findRun(store, word);
      if (info.status !== "RUNNING" && info.status !== "SCHEDULED")
        throw new RunstoneError("INVALID_STATE", `run ${info.runId} has ended already: ${info.status}`, {
          data: { runId: info.runId, status: info.status },
        });
      await store.updateRun(info.runId, { status, endTime: context.now() });
      context.err.line(`Ended run ${info.runId.slice(0, 7)}: ${status}`);
    });
  });
}
