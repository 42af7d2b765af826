/** Which words of `runstone plot` are metrics and which are runs. */
import type { RunRecord } from "../../core/search/run-record.js";
import type { RunTable } from "../../core/search/run-table.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { nearest } from "../parse/nearest.js";
import { usageError } from "../parse/usage-error.js";
import type { OpenRuns } from "../store/open-runs.js";
import { resolveRuns } from "../store/resolve-runs.js";

export interface PlotSubjects {
  readonly metrics: readonly string[];
  readonly runs: readonly RunRecord[];
}

export interface PlotWords {
  readonly word: readonly string[];
  readonly run: readonly string[];
}

/** Throws USAGE without a metric, RESOURCE_DOES_NOT_EXIST for a word that is neither, or metrics no run of these has. */
export function plotSubjects(
  context: CommandContext,
  opened: OpenRuns,
  { word, run }: PlotWords,
): PlotSubjects {
  const metrics = new Set<string>();
  const runWords = [...run];
  for (const each of word) {
    const keys = metricsNamed(opened.table, each);
    for (const key of keys) metrics.add(key);
    if (keys.length === 0) runWords.push(each);
  }
  if (metrics.size === 0) throw noMetric(opened.table, word);
  const runs = runsNamed(context, opened, runWords.length > 0 ? runWords : ["@last"]);
  const found = [...metrics].filter((key) => runs.some((each) => each.metrics[key] !== undefined));
  if (found.length > 0) return { metrics: found, runs };
  throw new RunstoneError(
    "RESOURCE_DOES_NOT_EXIST",
    `${runs.length === 1 ? "the run has" : "these runs have"} no metric ${[...metrics].join(", ")}`,
    { hint: hasWords(runs), data: { metrics: [...metrics] } },
  );
}

function runsNamed(
  context: CommandContext,
  opened: OpenRuns,
  words: readonly string[],
): readonly RunRecord[] {
  try {
    return resolveRuns(context, opened, words);
  } catch (error) {
    const named = isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST") ? error.data.run : undefined;
    const meant = typeof named === "string" ? nearest(named, opened.table.keys("metric")) : undefined;
    if (meant === undefined) throw error;
    throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no metric and no run '${named}'`, {
      cause: error,
      hint: `Did you mean ${meant}?`,
      data: { word: named },
    });
  }
}

/** The key itself, or those that a pattern with `*` and `?` matches. */
function metricsNamed(table: RunTable, word: string): readonly string[] {
  const keys = table.keys("metric");
  if (keys.includes(word)) return [word];
  if (!/[*?]/.test(word) || /[<>=()\s]/.test(word)) return [];
  const source = word
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replaceAll("?", ".");
  const pattern = new RegExp(`^${source}$`, "su");
  return keys.filter((key) => pattern.test(key));
}

function noMetric(table: RunTable, words: readonly string[]): RunstoneError {
  const keys = table.keys("metric");
  if (words.length === 0) return usageError("missing METRIC", shortList(keys));
  const meant = nearest(words[0]!, keys);
  return new RunstoneError("RESOURCE_DOES_NOT_EXIST", `no run has a metric '${words[0]}'`, {
    hint: meant === undefined ? shortList(keys) : `Did you mean ${meant}?`,
    data: { metric: words[0] },
  });
}

function hasWords(runs: readonly RunRecord[]): string {
  return shortList([...new Set(runs.flatMap(({ metrics }) => Object.keys(metrics)))]);
}

const SHOWN = 12;

function shortList(keys: readonly string[]): string {
  if (keys.length === 0) return "There are no metrics.";
  const more = keys.length > SHOWN ? ", ..." : "";
  return `There are: ${keys.slice(0, SHOWN).join(", ")}${more}`;
}
