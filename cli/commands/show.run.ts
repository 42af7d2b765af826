import { readRunState } from "../../core/leases/index.js";
import { listArtifacts, resolveArtifactDirectory } from "../../core/store/read/artifacts.js";
import { readMetricPoints } from "../../core/store/read/metric-points.js";
import { mustFindRun, readRun } from "../../core/store/read/runs.js";
import { RunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { printJsonObject } from "../output/print-json.js";
import { artifactRecord, runRecord } from "../output/records.js";
import { printRun } from "../output/run-page.js";
import { runIdOf } from "../run-words.js";
import { experimentNames } from "../store/experiment-names.js";
import { type OpenPlace, openPlace } from "../store/open-place.js";
import { listRunEntries } from "../store/run-entries.js";
import type { ShowArguments } from "./show.js";

export async function runShow(context: CommandContext, args: Partial<ShowArguments>): Promise<void> {
  const opened = openPlace(context);
  const word = args.run ?? args["run-id"];
  const runId = word === undefined ? newestRunId(opened) : await runIdOf(context, opened, word);
  const location = mustFindRun(opened.context, runId);
  const run = readRun(location, opened.onDamage);
  const state = readRunState(location, run.info);
  const directory = resolveArtifactDirectory(opened.context, location);
  const artifacts = directory === null ? [] : listArtifacts(directory, "", true);
  if (context.json) {
    return printJsonObject(context, {
      ...runRecord(run, state),
      artifacts: artifacts.filter((entry) => !entry.isDir).map(artifactRecord),
    });
  }
  const pointsOf = (key: string) => readMetricPoints(location, key, opened.onDamage);
  const { experimentId } = run.info;
  const experimentName = experimentNames(opened, [experimentId]).get(experimentId) ?? experimentId;
  printRun(context, { run, state, experimentName, artifacts, pointsOf, full: args.all === true });
}

function newestRunId(opened: OpenPlace): string {
  const newest = listRunEntries(opened, { view: "active" })[0];
  if (newest !== undefined) return newest.info.runId;
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", "there is no run yet", {
    hint: "Record one with: runstone run -- COMMAND",
  });
}
