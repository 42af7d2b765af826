/** The message of a commit of runs. */
import { redactText } from "../../capture/redact.js";

export interface CommittedRun {
  readonly runId: string;
  readonly name: string;
  readonly experiment: string;
  /** `val_loss=0.31`, at most a few. */
  readonly metrics: readonly string[];
}

export const RUN_TRAILER = "Runstone-Run";
const RUNS_LISTED = 20;

/** What the user says goes before; one trailer a run. Secrets are replaced. */
export function commitMessage(runs: readonly CommittedRun[], said: readonly string[] = []): string {
  const text = said.length > 0 ? said.join("\n\n") : draft(runs);
  const trailers = runs.map(({ runId }) => `${RUN_TRAILER}: ${oneLine(runId)}`).join("\n");
  return `${redactText(text.trimEnd()).text}\n${trailers === "" ? "" : `\n${trailers}\n`}`;
}

/** The message of a commit that is amended, with the trailers of further runs. */
export function amendedMessage(former: string, runs: readonly CommittedRun[]): string {
  const known = new Set(former.split("\n"));
  const trailers = runs
    .map(({ runId }) => `${RUN_TRAILER}: ${oneLine(runId)}`)
    .filter((line) => !known.has(line));
  if (trailers.length === 0) return former;
  const text = former.trimEnd();
  const endsWithTrailer = text.split("\n").at(-1)?.startsWith(`${RUN_TRAILER}: `) === true;
  return `${text}\n${endsWithTrailer ? "" : "\n"}${trailers.join("\n")}\n`;
}

function draft(runs: readonly CommittedRun[]): string {
  const lines = runs.slice(0, RUNS_LISTED).map(({ runId, name, metrics }) => {
    const values = metrics.length === 0 ? "" : `: ${metrics.join(", ")}`;
    return `- ${oneLine(name || runId.slice(0, 8))} (${oneLine(runId.slice(0, 8))})${oneLine(values)}`;
  });
  const more = runs.length - lines.length;
  if (more > 0) lines.push(`- and ${more} more`);
  return lines.length === 0 ? "Records of runs" : `${subjectOf(runs)}\n\n${lines.join("\n")}`;
}

function subjectOf(runs: readonly CommittedRun[]): string {
  const experiments = [...new Set(runs.map(({ experiment }) => oneLine(experiment)))];
  const of = experiments.length === 1 ? experiments[0] : `${experiments.length} experiments`;
  return runs.length === 1
    ? `Run ${oneLine(runs[0]!.name || runs[0]!.runId)} of ${of}`
    : `${runs.length} runs of ${of}`;
}

/** A name must not look like a trailer or a comment. */
function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}
