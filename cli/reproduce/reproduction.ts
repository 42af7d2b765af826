/** What came out of a reproduction, and what `--json` prints of it. */
import type { MetricOutcome, Outcome, PointDifference } from "../../core/compare/compare-outcomes.js";
import type { Comparison } from "../../core/compare/compare-runs.js";
import type { RunRecord } from "../../core/search/run-record.js";
import { stateOf } from "../../core/search/scan-run-table.js";
import { comparisonRecord } from "../compare/comparison-record.js";
import type { CodeToCheckout } from "../git/code-to-checkout.js";
import type { PlacedCode } from "./code-of-run.js";
import type { Plan } from "./plan.js";
import type { RunAgain } from "./run-again.js";

export interface Reproduction {
  readonly origin: RunRecord;
  /** The run that reproduces it. */
  readonly record: RunRecord;
  readonly again: RunAgain;
  readonly plan: Plan;
  readonly code: CodeToCheckout;
  readonly placed: PlacedCode;
  /** The work tree, when it was kept. */
  readonly directory: string | null;
  readonly tolerance: number;
  readonly set: readonly string[];
  /** Null: a variation, or interrupted. */
  readonly outcome: Outcome | null;
  /** Environment and packages; of a variation also the results. */
  readonly comparison: Comparison;
}

export interface EnvironmentDifference {
  readonly name: string;
  readonly recorded: string | null;
  readonly now: string | null;
}

/** Facts of the machine that may change results; the others change without doing so (`cpuLimit`, `release`). */
const FACTS = /^(?:python|node|platform|arch|cpuModel|gpus\.\d+\.(?:name|driver\w*))$/;

/** Versions and machine, where they differ; what the origin did not record is not known to differ. */
export function environmentDifferences({ texts }: Comparison): readonly EnvironmentDifference[] {
  const facts = texts.environment.filter(({ key, values }) => FACTS.test(key) && values[0] != null);
  const hasPackages = texts.packages.some(({ values }) => values[0] != null);
  return [...facts, ...(hasPackages ? texts.packages : [])]
    .filter(({ differs }) => differs)
    .map(({ key, values }) => ({ name: key, recorded: values[0] ?? null, now: values[1] ?? null }));
}

export interface Planned {
  readonly origin: RunRecord;
  readonly code: CodeToCheckout;
  readonly plan: Plan;
  readonly worktree: string;
}

export function planRecord({ origin, code, plan, worktree }: Planned): object {
  return {
    run_id: null,
    origin: origin.runId,
    commit: code.commit,
    directory: worktree,
    ...planFields(plan),
    left_out: code.leftOut,
  };
}

function planFields({ command, cwd, variables, unset, options, notes }: Plan): object {
  return { command, working_directory: cwd, variables, unset, options, notes };
}

export function reproductionRecord(reproduction: Reproduction): object {
  const { origin, record, again, plan, code, placed, directory, tolerance, set, outcome } = reproduction;
  return {
    ...{ run_id: record.runId, origin: origin.runId, verdict: outcome?.verdict ?? null },
    ...{ tolerance, set, commit: code.commit, exact: placed.isExact, directory },
    ...planFields({ ...plan, notes: [...plan.notes, ...placed.notes] }),
    ...{ exit_code: again.code, signal: again.signal, interrupted: again.isInterrupted },
    ...outcomeFields(outcome),
    environment: environmentDifferences(reproduction.comparison),
    comparison: set.length === 0 ? null : comparisonOf(reproduction),
  };
}

function outcomeFields(outcome: Outcome | null): object {
  if (outcome === null) return { statuses: null, first: null, metrics: [], params: [], artifacts: [] };
  const { statuses, first, metrics, params, artifacts } = outcome;
  return {
    statuses,
    first: first && pointFields(first),
    metrics: metrics.filter(({ distance }) => distance > 0).map(metricFields),
    params: params.map(({ key, values }) => ({ key, values })),
    artifacts: artifacts.map(({ key, values }) => ({ path: key, sha256: values })),
  };
}

function metricFields({ key, distance, first }: MetricOutcome): object {
  return { key, distance, first: first && pointFields(first) };
}

function pointFields({ metric, step, index, values }: PointDifference): object {
  return { metric, step, index, values };
}

function comparisonOf({ comparison }: Reproduction): object {
  const options = { all: false, tolerance: 0, "at-step": undefined, stateOf, storesOf: () => [] };
  return comparisonRecord(comparison, options);
}
