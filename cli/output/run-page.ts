/** The page that `runstone show` prints. */

import type { RunState } from "../../core/leases/index.js";
import type { ArtifactEntry, Point, Run, StringMap } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { formatBytes, formatNumber } from "./number.js";
import { paintState, shownDuration, shownState, stateNote } from "./run-state.js";
import { sparkline } from "./sparkline.js";
import { type Column, renderTable } from "./table.js";
import { formatAge, formatMoment } from "./time.js";
import { visible, visibleText } from "./visible.js";
import { truncateMiddle } from "./width.js";

export interface RunPage {
  readonly run: Run;
  readonly state: RunState;
  readonly experimentName: string;
  readonly artifacts: readonly ArtifactEntry[];
  readonly pointsOf: (key: string) => Iterable<Point>;
  /** Every row, values in full. */
  readonly full: boolean;
}

const MOST_ROWS = 20;
const CURVE_WIDTH = 24;
const LONGEST_VALUE = 200;

export function printRun(context: CommandContext, page: RunPage): void {
  printHead(context, page);
  printNote(context, page.run.tags["mlflow.note.content"]);
  printMetrics(context, page);
  printMap(context, page, "Params", page.run.params);
  printMap(context, page, "Tags", ownTags(page.run.tags));
  printDatasets(context, page);
  printModels(context, page);
  printArtifacts(context, page);
}

function printHead(context: CommandContext, { run, state, experimentName }: RunPage): void {
  const { info, tags } = run;
  const { style, out } = context;
  const now = context.now();
  const shown = shownState(info, state);
  const note = stateNote(state, now);
  out.line(`${style.bold("run")} ${style.cyan(visible(info.runId))}  ${visible(info.runName)}`);
  const rows: (readonly [string, string])[] = [
    ["state", paintState(style, shown, shown) + (note === "" ? "" : `: ${visible(note)}`)],
    ["experiment", visible(experimentName) + (run.orphan ? " (without a readable meta.yaml)" : "")],
    ["started", `${formatMoment(info.startTime)} (${agoOf(info.startTime, now)})`],
    ["duration", shownDuration(info, state, now)],
    ["code", codeOf(tags)],
    ["command", visible(tags["runstone.command"] ?? tags["mlflow.source.name"] ?? "")],
    ["user", visible([info.userId, tags["runstone.host"]].filter(Boolean).join(" on "))],
    ["parent", visible(tags["mlflow.parentRunId"] ?? "")],
    ["attempts", attemptsOf(tags)],
    ["missing", visible(tags["runstone.capture.missing"] ?? "")],
  ];
  for (const [name, text] of rows) if (text !== "") out.line(`  ${style.dim(name.padEnd(10))}  ${text}`);
}

function agoOf(time: Run["info"]["startTime"], now: number): string {
  const age = formatAge(time, now);
  return age === "now" ? "just now" : `${age} ago`;
}

function attemptsOf(tags: StringMap): string {
  const count = tags["runstone.attempts"];
  return count === undefined || count === "1" ? "" : visible(count);
}

function codeOf(tags: StringMap): string {
  const commit = tags["mlflow.source.git.commit"];
  if (commit === undefined) return "";
  const branch = tags["mlflow.source.git.branch"];
  const author = tags["runstone.git.author"];
  const dirty = tags["mlflow.source.git.dirty"] === "true" ? " with uncommitted changes" : "";
  const on = branch === undefined ? "" : ` on ${branch}`;
  return visible(`${commit.slice(0, 12)}${on}${dirty}${author === undefined ? "" : `, ${author}`}`);
}

function printNote({ out }: CommandContext, note: string | undefined): void {
  if (note === undefined || note === "") return;
  out.line("");
  for (const line of visibleText(note).split("\n")) out.line(`  ${line}`);
}

/** Runstone's and MLflow's own tags are shown where they belong, or with --json. */
function ownTags(tags: StringMap): StringMap {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !/^(mlflow|runstone)\./.test(key)));
}

function printMetrics(context: CommandContext, page: RunPage): void {
  const keys = Object.keys(page.run.metrics).sort(systemLast);
  const shown = page.full ? keys : keys.slice(0, MOST_ROWS);
  const rows = shown.map((key) => metricRow(page, key));
  const columns: readonly Column[] = [
    { title: "metric", shrinkTo: 12 },
    { title: "last", align: "right" },
    { title: "step", align: "right", dropOrder: 1 },
    { title: "points", align: "right", dropOrder: 2 },
    { title: "min", align: "right", dropOrder: 4 },
    { title: "max", align: "right", dropOrder: 3 },
    { title: "curve", dropOrder: 5, paint: (padded) => context.style.cyan(padded) },
  ];
  printSection(context, `Metrics (${keys.length})`, columns, rows, keys.length - shown.length);
}

function systemLast(a: string, b: string): number {
  const [left, right] = [a.startsWith("system/"), b.startsWith("system/")];
  if (left !== right) return left ? 1 : -1;
  return a < b ? -1 : 1;
}

function metricRow({ pointsOf, run }: RunPage, key: string): string[] {
  const curve = new Curve();
  for (const point of pointsOf(key)) curve.add(point.value);
  const last = run.metrics[key]!;
  return [
    visible(key),
    formatNumber(last.value),
    String(last.step),
    String(curve.count),
    formatNumber(curve.low),
    formatNumber(curve.high),
    curve.count > 1 ? sparkline(curve.means(), CURVE_WIDTH) : "",
  ];
}

/** The shape of a series of any length in flat memory: full slices are merged two by two. */
class Curve {
  count = 0;
  low = Number.NaN;
  high = Number.NaN;
  #slices: { sum: number; count: number }[] = [];
  #seen = 0;
  #perSlice = 1;

  add(value: number): void {
    this.count += 1;
    if (!Number.isNaN(value)) {
      this.low = Number.isNaN(this.low) ? value : Math.min(this.low, value);
      this.high = Number.isNaN(this.high) ? value : Math.max(this.high, value);
    }
    if (this.#seen % this.#perSlice === 0) this.#open();
    this.#seen += 1;
    if (!Number.isFinite(value)) return;
    const slice = this.#slices.at(-1)!;
    slice.sum += value;
    slice.count += 1;
  }

  means(): readonly number[] {
    return this.#slices.map(({ sum, count }) => (count === 0 ? Number.NaN : sum / count));
  }

  #open(): void {
    if (this.#slices.length === 2048) {
      this.#slices = Array.from({ length: 1024 }, (_, index) => ({
        sum: this.#slices[2 * index]!.sum + this.#slices[2 * index + 1]!.sum,
        count: this.#slices[2 * index]!.count + this.#slices[2 * index + 1]!.count,
      }));
      this.#perSlice *= 2;
    }
    this.#slices.push({ sum: 0, count: 0 });
  }
}

function printMap(context: CommandContext, page: RunPage, title: string, map: StringMap): void {
  const entries = Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
  const shown = page.full ? entries : entries.slice(0, MOST_ROWS);
  const rows = shown.map(([key, value]) => [visible(key), shortValue(value, page.full)]);
  const columns = [
    { title: "", shrinkTo: 12 },
    { title: "", shrinkTo: 20 },
  ];
  printSection(context, `${title} (${entries.length})`, columns, rows, entries.length - shown.length);
}

function shortValue(value: string, full: boolean): string {
  return full ? visible(value) : truncateMiddle(visible(value.slice(0, 4 * LONGEST_VALUE)), LONGEST_VALUE);
}

function printDatasets(context: CommandContext, { run }: RunPage): void {
  const rows = run.inputs.datasetInputs.map(({ dataset, tags }) => [
    visible(dataset.name),
    visible(dataset.digest),
    visible(tags["mlflow.data.context"] ?? ""),
    visible(dataset.sourceType),
  ]);
  printSection(context, `Datasets (${rows.length})`, untitled(4), rows, 0);
}

function printModels(context: CommandContext, { run }: RunPage): void {
  const rows = [
    ...run.inputs.modelInputs.map(({ modelId }) => ["used", visible(modelId)]),
    ...run.outputs.map(({ modelId, step }) => ["made", visible(modelId), `step ${step}`]),
  ];
  printSection(context, `Models (${rows.length})`, untitled(3), rows, 0);
}

function printArtifacts(context: CommandContext, { artifacts, full }: RunPage): void {
  const files = artifacts.filter((entry) => !entry.isDir);
  const shown = full ? files : files.slice(0, MOST_ROWS);
  const rows = shown.map(({ path, size }) => [visible(path), formatBytes(size ?? 0)]);
  const columns: readonly Column[] = [
    { title: "", shrinkTo: 20 },
    { title: "", align: "right" },
  ];
  printSection(context, `Artifacts (${files.length})`, columns, rows, files.length - shown.length);
}

function untitled(count: number): readonly Column[] {
  return Array.from({ length: count }, () => ({ title: "", shrinkTo: 12 }));
}

function printSection(
  { out, style, width }: CommandContext,
  title: string,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  more: number,
): void {
  if (rows.length === 0) return;
  out.line("");
  out.line(style.bold(title));
  const header = columns.some((column) => column.title !== "");
  const layout = { width: width === undefined ? undefined : width - 2, header, paintHeader: style.dim };
  for (const line of renderTable(columns, rows, layout)) out.line(`  ${line}`);
  if (more > 0) out.line(style.dim(`  and ${more} more (--all)`));
}
