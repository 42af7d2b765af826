/** The page that `runstone compare` prints: a column a run, as many at a time as the terminal is wide. */

import { type ComparedMetric, isOfTheMachine } from "../../core/compare/compare-metrics.js";
import type { Comparison } from "../../core/compare/compare-runs.js";
import { COMPARED_SECTIONS, type ComparedSection } from "../../core/compare/sections.js";
import { metricDirection } from "../../core/search/metric-direction.js";
import type { RunRecord } from "../../core/search/run-record.js";
import type { CommandContext } from "../context.js";
import { textForPeople } from "../output/cell.js";
import { cutTitles } from "../output/cut-titles.js";
import { formatNumber, isNumberText } from "../output/number.js";
import { paintState } from "../output/run-state.js";
import { formatMoment } from "../output/time.js";
import { visible } from "../output/visible.js";
import { displayWidth, padTo } from "../output/width.js";
import { runNameOf } from "../store/run-name.js";
import { type ComparedCells, comparedRows, type RowChoice } from "./compared-rows.js";
import { curveShape, sharedAxes } from "./curve-shapes.js";
import { fitApart } from "./format-apart.js";

export interface ShownComparison extends RowChoice {
  readonly comparison: Comparison;
  /** Length of the id prefixes. */
  readonly prefix: number;
  readonly stateOf: (run: RunRecord) => string;
  /** Empty where runs of one store are compared. */
  readonly storesOf: (run: RunRecord) => readonly string[];
  readonly ascii: boolean;
}

/** A line before it is laid out: `cells` are those of all runs. */
interface PageRow {
  readonly label: string;
  readonly cells: readonly string[];
  readonly change?: string;
  readonly paint?: (text: string, index: number) => string;
  readonly isTitle?: boolean;
}

const GAP = "  ";
const WIDEST_LABEL = 34;
const NARROWEST_CELL = 10;
const WIDEST_CELL = 60;
const CURVE_WIDTH = 32;

export function printComparison(context: CommandContext, shown: ShownComparison): void {
  const { comparison } = shown;
  const rows = comparedRows(comparison, shown);
  const page = [
    ...headRows(context, shown),
    ...COMPARED_SECTIONS.flatMap((name) => section(context, name, rows)),
  ];
  for (const block of blocksOf(page, comparison.runs.length, context.width))
    for (const line of layOut(context, page, block)) context.out.line(line);
  printCurves(context, shown);
  printFoot(context, shown, rows);
}

function headRows(
  { style }: CommandContext,
  { comparison, prefix, stateOf, storesOf }: ShownComparison,
): PageRow[] {
  const { runs } = comparison;
  const states = runs.map(stateOf);
  const stores = runs.map((run) => storesOf(run).join(", "));
  return [
    { label: "", cells: runs.map(({ runId }) => visible(runId.slice(0, prefix))), paint: style.cyan },
    { label: "name", cells: runs.map((run) => visible(runNameOf(run))) },
    ...(stores.some(Boolean) ? [{ label: "store", cells: stores.map(visible) }] : []),
    { label: "state", cells: states, paint: (text, index) => paintState(style, states[index]!, text) },
    { label: "started", cells: runs.map(({ info }) => formatMoment(info?.startTime ?? null)) },
  ];
}

function section(
  context: CommandContext,
  name: ComparedSection,
  rows: readonly ComparedCells[],
): readonly PageRow[] {
  const own = rows.filter((row) => row.section === name);
  if (own.length === 0) return [];
  const title = name[0]!.toUpperCase() + name.slice(1);
  return [{ label: title, cells: [], isTitle: true }, ...own.map((row) => pageRow(context, row))];
}

function pageRow({ style }: CommandContext, row: ComparedCells): PageRow {
  const { key, of, numbers } = row;
  const cells = row.values.map((cell) => (cell === null ? "-" : visible(textForPeople(cell))));
  const label = `  ${visible(key)}${of === "" || of === "last" ? "" : ` ${of}`}`;
  if (numbers === undefined || !row.differs) return { label, cells };
  if (numbers.length === 2) return { label, cells, change: changeOf(key, numbers[0]!, numbers[1]!) };
  const best = bestOf(key, numbers);
  return {
    label,
    cells: cells.map((cell, index) => (best.includes(index) ? `${cell} *` : cell)),
    paint: (text, index) => (best.includes(index) ? style.bold(text) : text),
  };
}

/** From the first run to the second: `+0.0075 worse`. */
function changeOf(key: string, before: number, after: number): string {
  const change = after - before;
  if (!Number.isFinite(change) || change === 0) return "";
  const text = `${change > 0 ? "+" : "-"}${formatNumber(Math.abs(change))}`;
  const direction = metricDirection(key);
  if (direction === null) return text;
  return `${text} ${change < 0 === (direction === "min") ? "better" : "worse"}`;
}

/** The runs with the best finite number; none when the name does not say which way is better, or when all are as good. */
function bestOf(key: string, numbers: readonly number[]): readonly number[] {
  const direction = metricDirection(key);
  const known = numbers.filter(Number.isFinite);
  if (direction === null || known.length < 2) return [];
  const best = direction === "min" ? Math.min(...known) : Math.max(...known);
  const found = numbers.flatMap((value, index) => (value === best ? [index] : []));
  return found.length < known.length ? found : [];
}

/** The runs of one block, and how wide its columns are. */
interface Block {
  readonly runs: readonly number[];
  readonly label: number;
  readonly cell: readonly number[];
}

/** Where not all fit, the first run stands at the left of every block: it is what the others are compared with. */
function blocksOf(page: readonly PageRow[], count: number, width: number | undefined): readonly Block[] {
  const rows = page.filter((row) => row.isTitle !== true);
  const cellsOf = (index: number) => rows.map((row) => row.cells[index] ?? "");
  const all = Array.from({ length: count }, (_, index) => index);
  const natural = all.map((index) =>
    Math.min(width === undefined ? Number.POSITIVE_INFINITY : WIDEST_CELL, widest(cellsOf(index))),
  );
  const labels = widest(rows.map((row) => row.label));
  if (width === undefined) return [{ runs: all, label: labels, cell: natural }];
  const least = all.map((index) =>
    Math.min(natural[index]!, Math.max(NARROWEST_CELL, widest(cellsOf(index).filter(isNumberText)))),
  );
  const label = Math.min(labels, WIDEST_LABEL, Math.floor(width / 3));
  const change = widest(rows.map((row) => row.change ?? ""));
  const room = width - label - (change === 0 ? 0 : change + GAP.length);
  return groupsOf(least, room).map((runs) => ({ runs, label, cell: share(natural, least, { runs, room }) }));
}

/** At least two runs each: the first one, and as many others as have room when every cell is as narrow as can be. */
function groupsOf(least: readonly number[], room: number): readonly (readonly number[])[] {
  const taken = (runs: readonly number[]) => runs.reduce((sum, run) => sum + least[run]! + GAP.length, 0);
  const groups: number[][] = [];
  for (let next = 1; next < least.length; next += 1) {
    const group = groups.at(-1);
    if (group !== undefined && taken([...group, next]) <= room) group.push(next);
    else groups.push([0, next]);
  }
  return groups;
}

/** Widths of the columns of `runs`: their own, the widest cut until all fit, none below its least. */
function share(
  natural: readonly number[],
  least: readonly number[],
  { runs, room }: { readonly runs: readonly number[]; readonly room: number },
): readonly number[] {
  const widths = [...natural];
  for (;;) {
    const excess = runs.reduce((sum, run) => sum + widths[run]! + GAP.length, 0) - room;
    const narrowable = runs.filter((run) => widths[run]! > least[run]!);
    if (excess <= 0 || narrowable.length === 0) return widths;
    const largest = Math.max(...narrowable.map((run) => widths[run]!));
    for (const run of narrowable) if (widths[run] === largest) widths[run] = largest - 1;
  }
}

function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, displayWidth(text)), 0);
}

function* layOut({ style }: CommandContext, page: readonly PageRow[], block: Block): Generator<string> {
  const labels = cutTitles(
    page.map((row) => row.label),
    page.map((row) => (row.isTitle === true ? Number.POSITIVE_INFINITY : block.label)),
  );
  for (const [at, row] of page.entries()) {
    if (row.isTitle === true) {
      yield "";
      yield style.bold(row.label);
      continue;
    }
    const width = Math.min(...block.runs.map((run) => block.cell[run]!));
    const fitted = fitCells(row.cells, block, width);
    const cells = block.runs.map((run) => {
      const padded = padTo(fitted[run] ?? "", block.cell[run]!);
      return row.paint?.(padded, run) ?? padded;
    });
    const line = [padTo(labels[at]!, block.label), ...cells, row.change ?? ""];
    yield line.join(GAP).trimEnd();
  }
  yield "";
}

/** Each cell in its column; when one is cut, all but numbers are cut alike, so that what differs is seen. */
function fitCells(cells: readonly string[], block: Block, width: number): readonly string[] {
  const fits = block.runs.every((run) => displayWidth(cells[run] ?? "") <= block.cell[run]!);
  if (fits) return cells;
  const cut = fitApart(cells, width);
  return cells.map((cell, index) => (isNumberText(cell) ? cell : cut[index]!));
}

function printCurves(context: CommandContext, shown: ShownComparison): void {
  const { comparison, all } = shown;
  const curves = comparison.metrics.filter(
    (metric) => (all || (metric.differs && !isOfTheMachine(metric.key))) && isCurve(metric),
  );
  if (curves.length === 0) return;
  context.out.line(context.style.bold("Curves"));
  for (const metric of curves) printCurve(context, metric, shown);
  context.out.line("");
}

function isCurve({ summaries }: ComparedMetric): boolean {
  return summaries.some((summary) => summary !== null && summary.count > 1);
}

function printCurve(
  { out, style, width }: CommandContext,
  metric: ComparedMetric,
  { comparison, prefix, ascii }: ShownComparison,
): void {
  const axes = sharedAxes(metric.curves);
  if (axes === null) return;
  const span = `steps ${axes.left} to ${axes.right}, values ${formatNumber(axes.low)} to ${formatNumber(axes.high)}`;
  out.line(`  ${visible(metric.key)}  ${style.dim(span)}`);
  const most = Math.max(...metric.summaries.map((summary) => summary?.count ?? 0));
  const columns = Math.min(most, Math.max(8, Math.min(CURVE_WIDTH, (width ?? 120) - prefix - 40)));
  for (const [index, curve] of metric.curves.entries()) {
    if (metric.summaries[index] == null) continue;
    const id = visible(comparison.runs[index]!.runId.slice(0, prefix));
    const shape = curveShape(curve, axes, { width: columns, ascii });
    out.line(`    ${style.cyan(id)}  ${shape}  ${partingText(metric, index)}`.trimEnd());
  }
}

function partingText({ parts, summaries }: ComparedMetric, index: number): string {
  const part = parts[index];
  if (part == null) return "";
  if (part.commonSteps === 0) return "no step in common";
  if (part.parts !== null) {
    const [before, after] = part.parts.values;
    return `parts at step ${part.parts.step}: ${formatNumber(before)}, ${formatNumber(after)}`;
  }
  const isShorter = summaries.some((summary) => summary !== null && summary.count !== part.commonSteps);
  return isShorter ? `the same at all ${part.commonSteps} common steps` : "the same";
}

function printFoot(context: CommandContext, shown: ShownComparison, rows: readonly ComparedCells[]): void {
  const { comparison, all } = shown;
  const { out, style } = context;
  if (!comparison.differs) out.line("The runs do not differ.");
  if (!all) {
    const same = sameTexts(comparison);
    if (same.length > 0) out.line(style.dim(`same: ${same.join(", ")} (--all shows them)`));
  }
  const hashed = hashedText(comparison);
  const shows = rows.some((row) => row.section === "artifacts");
  if (hashed !== "" && (shows || comparison.artifacts.length > 0)) out.line(style.dim(hashed));
}

/** One and many of each section. */
const WORDS: Readonly<Record<string, readonly [string, string]>> = {
  metrics: ["metric", "metrics"],
  params: ["param", "params"],
  code: ["fact of the code", "facts of the code"],
  tags: ["tag", "tags"],
  environment: ["fact of the environment", "facts of the environment"],
  packages: ["package", "packages"],
  datasets: ["dataset", "datasets"],
  artifacts: ["artifact", "artifacts"],
};

function sameTexts({ metrics, texts, artifacts }: Comparison): string[] {
  const counts: readonly (readonly [number, string])[] = [
    [metrics.filter(({ key, differs }) => !differs && !isOfTheMachine(key)).length, "metrics"],
    ...Object.entries(texts).map(
      ([name, rows]) => [rows.filter((row) => !row.differs).length, name] as const,
    ),
    [artifacts.filter((row) => !row.differs).length, "artifacts"],
  ];
  return counts
    .filter(([count]) => count > 0)
    .map(([count, name]) => `${count} ${WORDS[name]![count === 1 ? 0 : 1]}`);
}

function hashedText({ artifacts }: Comparison): string {
  const sources = artifacts.flatMap((row) => row.values.flatMap((digest) => digest?.source ?? []));
  const count = (source: string) => sources.filter((each) => each === source).length;
  const parts = [
    [count("sealed"), "taken from seals"],
    [count("computed"), "computed now"],
    [count("none"), "not needed (the sizes differ)"],
  ] as const;
  const told = parts.filter(([each]) => each > 0).map(([each, text]) => `${each} ${text}`);
  return told.length === 0 ? "" : `hashes of artifacts: ${told.join(", ")}`;
}
