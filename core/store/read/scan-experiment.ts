/** The walk over one experiment: datasets, runs, logged models, traces. */
import { statIfExists } from "../../fs/index.js";
import { META, RESERVED_IN_EXPERIMENT } from "../layout.js";
import { type OnDamage, readable, report } from "./damages.js";
import { entriesOf } from "./entries.js";
import { checkExperimentMeta, looksLikeRun, readExperimentMeta } from "./experiments.js";
import { readDatasets } from "./inputs-outputs.js";
import { type ExperimentLocation, inside, type LoggedModelLocation } from "./located.js";
import { listLoggedModelLocations, placedModelMeta, readLoggedModelMetaReporting } from "./logged-models.js";
import { isRunName, runIn } from "./runs.js";
import { scanArtifacts } from "./scan-artifacts.js";
import { scanModelPoints, scanRecords } from "./scan-records.js";
import { type RunScan, scanRun } from "./scan-run.js";
import type { StoreItem } from "./store-items.js";
import { reportSyncCopies } from "./sync-copies.js";
import { listTraceLocations, readTrace } from "./traces.js";

export interface ExperimentScan extends RunScan {
  /** Receives the id of each run that has a meta.yaml. */
  onRun(runId: string, path: string): void;
}

export function* scanExperiment(experiment: ExperimentLocation, scan: ExperimentScan): Generator<StoreItem> {
  const { onDamage } = scan;
  if (!experiment.orphan) {
    const meta = readable(onDamage, experiment, META, () => readExperimentMeta(experiment));
    if (meta !== null) {
      checkExperimentMeta(experiment, meta, onDamage);
      yield { kind: "experiment", location: experiment, meta };
    }
  }
  yield* scanRecords(experiment, "tag", onDamage);
  for (const dataset of readDatasets(experiment, onDamage)) {
    yield { kind: "dataset", location: experiment, dataset };
  }
  yield* scanEntries(experiment, scan);
  for (const model of listLoggedModelLocations(experiment, onDamage)) yield* scanLoggedModel(model, onDamage);
  yield* scanTracesOf(experiment, onDamage);
}

function* scanEntries(experiment: ExperimentLocation, scan: ExperimentScan): Generator<StoreItem> {
  const { onDamage } = scan;
  const entries = entriesOf(experiment, onDamage);
  const copies = reportSyncCopies(experiment, entries, onDamage);
  for (const entry of entries) {
    const { name } = entry;
    if (entry.isDirectory()) yield* scanDirectory(experiment, name, scan);
    else if (!entry.isFile()) report(onDamage, experiment, "not_a_regular_file", { name });
    else if (name !== META && !copies.has(name))
      report(onDamage, experiment, "unknown_file_in_experiment", { name });
  }
}

function* scanDirectory(
  experiment: ExperimentLocation,
  name: string,
  scan: ExperimentScan,
): Generator<StoreItem> {
  if (RESERVED_IN_EXPERIMENT.has(name)) return;
  const directory = inside(experiment, name);
  const meta = readable(scan.onDamage, directory, undefined, () =>
    statIfExists(inside(directory, META).directory),
  );
  if (isRunName(name) && (meta !== null || /^[0-9a-f]{32}$/.test(name) || looksLikeRun(directory))) {
    const run = runIn(experiment, name);
    if (meta !== null) scan.onRun(name, run.path);
    yield* scanRun(run, scan);
  } else report(scan.onDamage, experiment, "unknown_directory_in_experiment", { name });
}

function* scanLoggedModel(model: LoggedModelLocation, onDamage: OnDamage): Generator<StoreItem> {
  const meta = readLoggedModelMetaReporting(model, onDamage);
  if (meta !== null) yield { kind: "logged_model", location: model, meta: placedModelMeta(model, meta) };
  yield* scanRecords(model, "param", onDamage);
  yield* scanRecords(model, "tag", onDamage);
  yield* scanModelPoints(model, onDamage);
  scanArtifacts(model, onDamage);
}

function* scanTracesOf(experiment: ExperimentLocation, onDamage: OnDamage): Generator<StoreItem> {
  for (const location of listTraceLocations(experiment, onDamage)) {
    const trace = readTrace(location, onDamage);
    if (trace !== null) yield { kind: "trace", location, trace };
    yield* scanRecords(location, "tag", onDamage);
    yield* scanRecords(location, "request_metadata", onDamage);
    scanArtifacts(location, onDamage);
  }
}
