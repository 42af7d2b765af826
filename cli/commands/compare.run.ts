import { type Comparison, compareRuns } from "../../core/compare/compare-runs.js";
import { COMPARED_SECTIONS, type ComparedSection } from "../../core/compare/sections.js";
import type { RunRecord } from "../../core/search/run-record.js";
import { stateOf } from "../../core/search/scan-run-table.js";
import { comparedRows } from "../compare/compared-rows.js";
import { comparisonRecord } from "../compare/comparison-record.js";
import { printComparison } from "../compare/print-comparison.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { withOutput } from "../output/output-file.js";
import { printJsonObject } from "../output/print-json.js";
import { printRows } from "../output/print-rows.js";
import type { RowColumn } from "../output/row-column.js";
import { visible } from "../output/visible.js";
import { readFormat } from "../parse/format-options.js";
import { usageError } from "../parse/usage-error.js";
import { prefixLength } from "../runs/id-prefix.js";
import type { OpenRuns } from "../store/open-runs.js";
import { openStores } from "../store/open-stores.js";
import { resolveSingly } from "../store/resolve-runs.js";
import { runNameOf } from "../store/run-name.js";
import { tellAgeAtEnd } from "../store/table-age.js";
import type { CompareArguments } from "./compare.js";

/** Twice the characters of a curve: no bucket is wider than one. */
const RESOLUTION = 256;

export async function runCompare(context: CommandContext, args: CompareArguments): Promise<void> {
  const format = readFormat(context, args);
  const tolerance = args.tolerance ?? 0;
  if (!(tolerance >= 0)) throw usageError("--tolerance must not be negative");
  const opened = await openStores(context);
  const runs = resolveSingly(context, opened, args.run);
  tellAgeAtEnd(context, opened.table);
  if (runs.length < 2) throw tooFewRuns(args.run, runs);
  const comparison = compareRuns(runs, {
    sections: new Set<ComparedSection>(
      args.only.length > 0 ? (args.only as ComparedSection[]) : COMPARED_SECTIONS,
    ),
    tolerance,
    atStep: args["at-step"],
    resolution: RESOLUTION,
    placeOf: (run) => opened.placeOf(run),
  });
  const prefix = prefixLength(runs.map(({ runId }) => runId));
  const shown = { comparison, all: args.all, atStep: args["at-step"], tolerance, prefix };
  const storesOf = (run: RunRecord) => opened.storesOf(run);
  if (format === "json")
    await withOutput(context, args.output, (into) =>
      printJsonObject(into, comparisonRecord(comparison, { ...args, tolerance, stateOf, storesOf })),
    );
  else if (format === "table")
    await withOutput(context, args.output, (into) =>
      printComparison(into, { ...shown, stateOf, storesOf, ascii: args.ascii }),
    );
  else
    await printRows(context, {
      columns: columnsOf(comparison, opened),
      rows: comparedRows(comparison, shown).map(({ section, key, of, differs, values }) => [
        section,
        key,
        of,
        differs,
        ...values,
      ]),
      format,
      output: args.output,
    });
  if (args["exit-code"] && comparison.differs) process.exitCode = EXIT.failure;
}

function tooFewRuns(words: readonly string[], [only]: readonly RunRecord[]): Error {
  const hint = "Example: runstone compare @last '@best(val_loss)'";
  if (only === undefined || words.length === 0) return usageError("compare needs two runs or more", hint);
  const named =
    words.length === 1 ? `'${words[0]}' names` : `${words.map((word) => `'${word}'`).join(", ")} name`;
  const name = runNameOf(only);
  const shown = `run ${only.runId.slice(0, 12)}${name === "" ? "" : ` (${name})`}`;
  return usageError(`compare needs two runs or more: ${named} only ${shown}`, hint);
}

/** A column for each run; people see its name, programs its id, of copies in several stores with the store. */
function columnsOf({ runs }: Comparison, opened: OpenRuns): readonly RowColumn[] {
  const isCopied = (run: RunRecord) => runs.some((other) => other !== run && other.runId === run.runId);
  const named = (run: RunRecord, name: string) =>
    isCopied(run) ? `${name} (${opened.storesOf(run).join(", ")})` : name;
  return [
    { key: "section", title: "SECTION" },
    { key: "key", title: "KEY" },
    { key: "of", title: "OF" },
    { key: "differs", title: "DIFFERS", only: "programs" },
    ...runs.map((run) => ({
      key: named(run, run.runId),
      title: visible(named(run, runNameOf(run) || run.runId.slice(0, 12))),
    })),
  ];
}
