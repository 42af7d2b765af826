/** The run table of a server's runs: of a metric it knows the latest value only. */
import { MemoryRunTable } from "../../core/search/memory-run-table.js";
import type { RunRecord } from "../../core/search/run-record.js";
import type { RunTable } from "../../core/search/run-table.js";
import type { Column, Field } from "../../core/search/table.js";
import { type Point, type Run, RunstoneError } from "../../store-format/index.js";

export class RemoteRunTable implements RunTable {
  readonly asOf: number;
  readonly #table: MemoryRunTable;

  /** `uri`: of the server. */
  constructor(runs: readonly Run[], { asOf, uri }: { readonly asOf: number; readonly uri: string }) {
    this.asOf = asOf;
    const records = runs.map((run) => toRecord(run, uri));
    this.#table = new MemoryRunTable(records, { asOf, stateOf: () => "RUNNING" });
  }

  get rowCount(): number {
    return this.#table.rowCount;
  }

  runAt(row: number): RunRecord {
    return this.#table.runAt(row);
  }

  rowOf(runId: string): number | null {
    return this.#table.rowOf(runId);
  }

  keys(entity: "metric" | "param" | "tag"): readonly string[] {
    return this.#table.keys(entity);
  }

  column(field: Field): Column | null {
    if (field.entity !== "metric" || field.aggregate === "last") return this.#table.column(field);
    throw new RunstoneError(
      "UNSUPPORTED",
      `a server tells of the metric ${JSON.stringify(field.key)} only its latest value, not its ${field.aggregate}`,
      {
        hint: "Search the latest value, or fetch the runs first.",
        data: { key: field.key, aggregate: field.aggregate },
      },
    );
  }
}

function toRecord(
  { info, params, tags, metrics, inputs, outputs, place, orphan }: Run,
  uri: string,
): RunRecord {
  const summaries: Record<string, RunRecord["metrics"][string]> = Object.create(null);
  for (const [key, last] of Object.entries(metrics)) summaries[key] = latestOnly(last);
  return {
    runId: info.runId,
    experimentId: info.experimentId,
    place,
    orphan,
    // No directory: where people look at it.
    directory: `${uri}/#/experiments/${info.experimentId}/runs/${info.runId}`,
    info,
    params,
    tags,
    metrics: summaries,
    datasets: inputs.datasetInputs.map(({ dataset, tags: of }) => ({
      name: dataset.name,
      digest: dataset.digest,
      context: of["mlflow.data.context"] ?? null,
    })),
    modelInputs: inputs.modelInputs.map(({ modelId }) => modelId),
    modelOutputs: outputs,
    sealed: false,
    damage: null,
    damageCount: 0,
  };
}

function latestOnly(last: Point): RunRecord["metrics"][string] {
  return { last, min: null, max: null, first: { value: last.value, step: last.step }, count: 0 };
}
