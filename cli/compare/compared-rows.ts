/** A comparison as rows: what tables, CSV and the like print. */

import { type ComparedMetric, isOfTheMachine } from "../../core/compare/compare-metrics.js";
import type { Comparison } from "../../core/compare/compare-runs.js";
import type { ArtifactDigest } from "../../core/compare/run-files.js";
import { COMPARED_SECTIONS, type ComparedSection } from "../../core/compare/sections.js";
import { metricDirection } from "../../core/search/metric-direction.js";
import type { MetricSummary } from "../../core/search/run-record.js";
import { valuesDiffer } from "../../core/series/first-difference.js";
import type { Integer } from "../../store-format/index.js";
import type { CellValue } from "../output/cell.js";
import { formatBytes } from "../output/number.js";
import { formatApart } from "./format-apart.js";

export interface ComparedCells {
  readonly section: ComparedSection;
  readonly key: string;
  /** Of a metric: `last`, `min`, `max`, `at step 5`; empty for all else. */
  readonly of: string;
  readonly differs: boolean;
  /** In the order of the runs. */
  readonly values: readonly CellValue[];
  /** The numbers of a metric, NaN where there is none: for changes, and for which is best. */
  readonly numbers?: readonly number[];
}

export interface RowChoice {
  /** Also rows that do not differ. */
  readonly all: boolean;
  readonly atStep: Integer | undefined;
  /** Numbers no further apart than this do not differ. */
  readonly tolerance: number;
}

/** By section; metrics in several rows. */
export function comparedRows(comparison: Comparison, choice: RowChoice): readonly ComparedCells[] {
  const { metrics, texts, artifacts } = comparison;
  const rows = COMPARED_SECTIONS.flatMap((section): readonly ComparedCells[] => {
    if (section === "metrics") return metrics.flatMap((metric) => metricRows(metric, choice));
    if (section === "artifacts")
      return artifacts.map(({ key, values, differs }) => ({
        ...{ section, key, of: "", differs },
        values: values.map(artifactCell),
      }));
    return texts[section].map((row) => ({ section, of: "", ...row }));
  });
  return choice.all ? rows : rows.filter((row) => row.differs && !isNoise(row));
}

function isNoise({ section, key }: ComparedCells): boolean {
  return section === "metrics" && isOfTheMachine(key);
}

function artifactCell(digest: ArtifactDigest | null): CellValue {
  if (digest === null) return null;
  const { size, sha256 } = digest;
  const hash = sha256 === null ? "" : ` ${sha256.slice(0, 8)}`;
  return {
    value: sha256 === null ? `${size} bytes` : `sha256:${sha256}`,
    text: `${formatBytes(size)}${hash}`,
  };
}

/**
 * The last value, the best (both ends where the name does not say which is best), and the value at a step. The best of
 * single points would only say the last again.
 */
function metricRows(metric: ComparedMetric, { all, atStep, tolerance }: RowChoice): readonly ComparedCells[] {
  const { key, summaries } = metric;
  const direction = metricDirection(key);
  const ends = direction === null ? (["min", "max"] as const) : ([direction] as const);
  const isCurve = summaries.some((summary) => summary !== null && summary.count > 1);
  const best = isCurve || all ? ends.map((end) => markRow({ key, of: end, tolerance }, end, summaries)) : [];
  const row = (of: string, numbers: readonly (number | null)[]) =>
    numbersRow({ key, of, tolerance }, numbers);
  return [
    row(
      "last",
      summaries.map((summary) => summary?.last.value ?? null),
    ),
    ...best,
    ...(atStep === undefined ? [] : [row(`at step ${atStep}`, metric.atStep)]),
  ];
}

interface NumbersOf {
  readonly key: string;
  readonly of: string;
  readonly tolerance: number;
}

function numbersRow({ key, of, tolerance }: NumbersOf, numbers: readonly (number | null)[]): ComparedCells {
  const texts = formatApart(numbers);
  return {
    ...{ section: "metrics", key, of, differs: anyDiffers(numbers, tolerance) },
    values: numbers.map((value, index) => (value === null ? null : { value, text: texts[index]! })),
    numbers: numbers.map((value) => value ?? Number.NaN),
  };
}

/** The step stands beside the value: `0.1832 @ 120`. */
function markRow(
  numbersOf: NumbersOf,
  end: "min" | "max",
  summaries: readonly (MetricSummary | null)[],
): ComparedCells {
  const marks = summaries.map((summary) => summary?.[end] ?? null);
  const row = numbersRow(
    numbersOf,
    marks.map((mark) => mark?.value ?? null),
  );
  const texts = formatApart(marks.map((mark) => mark?.value ?? null));
  const values = marks.map((mark, index) =>
    mark === null ? null : { value: mark.value, text: `${texts[index]} @ ${mark.step}` },
  );
  return { ...row, values };
}

function anyDiffers(numbers: readonly (number | null)[], tolerance: number): boolean {
  const [first = null] = numbers;
  return numbers.some((value) =>
    value === null || first === null ? value !== first : valuesDiffer(value, first, tolerance),
  );
}
