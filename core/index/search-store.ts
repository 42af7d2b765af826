/** The searches of a file store. */
import type {
  Experiment,
  LoggedModel,
  ModelVersion,
  RegisteredModel,
  Run,
} from "../../store-format/index.js";
import type {
  ExperimentSearchQuery,
  LoggedModelSearchQuery,
  Page,
  RunSearchQuery,
  SearchQuery,
} from "../interfaces.js";
import { locationOf } from "../search/run-location.js";
import type { RunRecord } from "../search/run-record.js";
import type { RunTable } from "../search/run-table.js";
import { searchExperiments } from "../search/search-experiments.js";
import { searchLoggedModels } from "../search/search-logged-models.js";
import { searchModelVersions, searchRegisteredModels } from "../search/search-registry.js";
import { searchRunTable } from "../search/search-runs.js";
import type { StoreContext } from "../store/context.js";
import type { OnDamage } from "../store/read/damages.js";
import { listExperimentLocations, scanExperiments } from "../store/read/experiments.js";
import { readInputs } from "../store/read/inputs-outputs.js";
import { scanLoggedModels } from "../store/read/logged-models.js";
import { scanModelVersions, scanRegisteredModels } from "../store/read/registry.js";
import { openRunTable } from "./open-run-table.js";

/** What all searches are asked, with what is not said filled in. */
function asked<Query extends SearchQuery | LoggedModelSearchQuery>(
  query: Query,
  context: StoreContext,
): Query & { dialect: "mlflow" | "runstone"; now: number } {
  return { ...query, dialect: query.dialect ?? "runstone", now: context.now() };
}

export function searchStoredRuns(
  context: StoreContext,
  query: RunSearchQuery,
  onDamage: OnDamage,
): Page<Run> {
  const { experimentIds } = query;
  const table = openRunTable(context, {
    onDamage,
    ...(experimentIds === undefined ? {} : { experimentIds }),
  });
  const experimentNames = new Map(
    scanExperiments(context, onDamage).map(({ experimentId, name }) => [experimentId, name]),
  );
  const search = { ...asked(query, context), experimentNames, withoutDamaged: true };
  const { rows, total, nextPageToken } = searchRunTable(table, search);
  return { items: runsAt(table, rows, onDamage), total, nextPageToken };
}

function runsAt(table: RunTable, rows: readonly number[], onDamage: OnDamage): Run[] {
  return rows.map((row) => toRun(table.runAt(row), onDamage));
}

/** The datasets in full are only in the files; everything else of a run is in its record. */
function toRun(record: RunRecord, onDamage: OnDamage): Run {
  const { info, params, tags, modelOutputs, place, orphan } = record;
  if (info === null) throw new Error(`run ${record.runId} has no info`);
  const metrics: Record<string, Run["metrics"][string]> = Object.create(null);
  for (const [key, { last }] of Object.entries(record.metrics)) metrics[key] = last;
  const inputs =
    record.datasets.length > 0
      ? readInputs(locationOf(record), onDamage)
      : { datasetInputs: [], modelInputs: record.modelInputs.map((modelId) => ({ modelId })) };
  return { info, params, tags, metrics, inputs, outputs: modelOutputs, place, orphan };
}

export function searchStoredExperiments(
  context: StoreContext,
  query: ExperimentSearchQuery,
  onDamage: OnDamage,
): Page<Experiment> {
  return searchExperiments(scanExperiments(context, onDamage), asked(query, context));
}

export function searchStoredModels(
  context: StoreContext,
  query: SearchQuery,
  onDamage: OnDamage,
): Page<RegisteredModel> {
  return searchRegisteredModels(scanRegisteredModels(context, onDamage), asked(query, context));
}

export function searchStoredVersions(
  context: StoreContext,
  query: SearchQuery,
  onDamage: OnDamage,
): Page<ModelVersion> {
  const models = scanRegisteredModels(context, onDamage);
  const versions = models.flatMap(({ name }) => scanModelVersions(context, name, onDamage));
  return searchModelVersions(versions, asked(query, context));
}

export function searchStoredLoggedModels(
  context: StoreContext,
  query: LoggedModelSearchQuery,
  onDamage: OnDamage,
): Page<LoggedModel> {
  const ids = query.experimentIds ?? experimentIdsOf(context, onDamage);
  const models = [...new Set(ids)]
    .flatMap((id) => scanLoggedModels(context, id, onDamage))
    .filter(({ lifecycleStage }) => lifecycleStage === "active");
  return searchLoggedModels(models, asked(query, context));
}

function experimentIdsOf(context: StoreContext, onDamage: OnDamage): readonly string[] {
  return Array.from(listExperimentLocations(context, onDamage), ({ experimentId }) => experimentId);
}
