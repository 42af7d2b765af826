/** The one line that `runstone run` ends with. */
import type { Outcome } from "../../core/process/child.js";
import { formatDuration } from "../output/time.js";
import { visible } from "../output/visible.js";
import type { PreparedRun } from "./run-setup.js";

export interface SummaryOptions {
  readonly prepared: PreparedRun;
  readonly outcome: Outcome;
  readonly durationMs: number;
  /** Status and manifest are written. */
  readonly recorded: boolean;
}

/** `run bold-otter-12 FINISHED in 3.2s, experiment wine: runstone show 3f2a...` */
export function summaryOf({ prepared, outcome, durationMs, recorded }: SummaryOptions): string {
  const { info } = prepared.run;
  const status = outcome.signal === null ? outcome.status : `${outcome.status} by ${outcome.signal}`;
  const code = outcome.status === "FAILED" ? ` (exit code ${outcome.exitCode})` : "";
  const again = prepared.resumed ? " of this attempt, resumed" : "";
  const doubt = recorded ? "" : ", NOT ALL RECORDED";
  const experiment = visible(prepared.experiment.name);
  const words = `run ${visible(info.runName)} ${status}${code} in ${formatDuration(durationMs)}${again}${doubt}`;
  return `${words}, experiment ${experiment}: runstone show ${info.runId}`;
}

/** The same for machines (`--json`). */
export function factsOf({
  prepared,
  outcome,
  durationMs,
  recorded,
}: SummaryOptions): Readonly<Record<string, unknown>> {
  return {
    run_id: prepared.run.info.runId,
    run_name: prepared.run.info.runName,
    experiment_id: prepared.experiment.experimentId,
    status: outcome.status,
    exit_code: outcome.exitCode,
    signal: outcome.signal,
    duration_ms: durationMs,
    resumed: prepared.resumed,
    recorded,
  };
}
