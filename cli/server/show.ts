import { type ArtifactEntry, isRunstoneError, type Point, type Run } from "../../store-format/index.js";
import type { RestStore } from "../../sync/rest/index.js";
import type { ShowArguments } from "../commands/show.js";
import type { CommandContext } from "../context.js";
import { printJsonObject } from "../output/print-json.js";
import { artifactRecord, runRecord } from "../output/records.js";
import { printRun } from "../output/run-page.js";
import { visible } from "../output/visible.js";
import { findRun } from "./find.js";
import { withServer } from "./open-server.js";

export async function runShow(context: CommandContext, args: Partial<ShowArguments>): Promise<void> {
  await withServer(context, async (store) => {
    const run = await findRun(store, args.run ?? args["run-id"] ?? "@last");
    const artifacts = await artifactsOf(context, store, run);
    const state = { state: run.info.status };
    if (context.json) {
      const files = artifacts.filter((entry) => !entry.isDir).map(artifactRecord);
      return printJsonObject(context, { ...runRecord(run, state), artifacts: files });
    }
    const { name } = await store.getExperiment(run.info.experimentId);
    const points = await pointsOf(store, run);
    const pointsOfKey = (key: string): readonly Point[] => points.get(key) ?? [];
    printRun(context, {
      run,
      state,
      experimentName: name,
      artifacts,
      pointsOf: pointsOfKey,
      full: args.all === true,
    });
  });
}

/** What cannot be listed is said; the rest of the run is shown. */
async function artifactsOf(
  context: CommandContext,
  store: RestStore,
  run: Run,
): Promise<readonly ArtifactEntry[]> {
  try {
    return await store.artifacts.list({ runId: run.info.runId }, "", { recursive: true });
  } catch (error) {
    if (!isRunstoneError(error)) throw error;
    context.err.line(`runstone: the artifacts cannot be listed: ${visible(error.message)}`);
    return [];
  }
}

async function pointsOf(store: RestStore, run: Run): Promise<ReadonlyMap<string, readonly Point[]>> {
  const read = async (key: string): Promise<readonly [string, readonly Point[]]> => {
    const points: Point[] = [];
    for await (const point of store.getMetricHistory(run.info.runId, key)) points.push(point);
    return [key, points.sort((a, b) => (a.step < b.step ? -1 : a.step > b.step ? 1 : 0))];
  };
  return new Map(await Promise.all(Object.keys(run.metrics).map(read)));
}
