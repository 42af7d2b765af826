import { readRunState } from "../../core/leases/index.js";
import { mustFindRun, readRun } from "../../core/store/read/runs.js";
import { RunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { printJsonObject } from "../output/print-json.js";
import { artifactRecord, runRecord } from "../output/records.js";
import { findRunId } from "../store/find-run.js";
import { type OpenStore, openStore } from "../store/open-store.js";
import { listRunEntries } from "../store/run-entries.js";
import type { ShowArguments } from "./show.js";

export async function runShow(context: CommandContext, args: Partial<ShowArguments>): Promise<void> {
  const opened = openStore(context);
  const { store, onDamage } = opened;
  const word = args.run ?? args["run-id"];
  const runId = word === undefined ? newestRunId(opened) : findRunId(opened, word);
  const location = mustFindRun(store.context, runId);
  const run = readRun(location, onDamage);
  const state = readRunState(location, run.info);
  const artifacts = await store.artifacts.list({ runId }, "", { recursive: true });
  if (context.json) {
    return printJsonObject(context, {
      ...runRecord(run, state),
      artifacts: artifacts.filter((entry) => !entry.isDir).map(artifactRecord),
    });
  }
  const { printRun } = await import("../output/run-page.js");
  await printRun(context, { store, run, state, artifacts, full: args.all === true });
}

function newestRunId(opened: OpenStore): string {
  const newest = listRunEntries(opened, { view: "active" })[0];
  if (newest !== undefined) return newest.info.runId;
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", "there is no run yet", {
    hint: "Record one with: runstone run -- COMMAND",
  });
}
