import { relative, resolve, sep } from "node:path";
import { type Comparison, compareRuns } from "../../core/compare/compare-runs.js";
import { COMPARED_SECTIONS, type ComparedSection } from "../../core/compare/sections.js";
import { type ChangedFile, type CodeStates, listChangedFiles } from "../../core/git/diff/diff-code.js";
import { openRepository, type Repository, readHeadCommit, resolveCommit } from "../../core/git/index.js";
import { stateOf } from "../../core/search/scan-run-table.js";
import { isRunstoneError } from "../../store-format/index.js";
import { comparisonRecord } from "../compare/comparison-record.js";
import { printComparison } from "../compare/print-comparison.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { type DiffSide, findDiffSide } from "../git/diff-side.js";
import { patchText, printCode } from "../git/print-code.js";
import { printJsonObject } from "../output/print-json.js";
import { visible } from "../output/visible.js";
import { usageError } from "../parse/usage-error.js";
import { prefixLength } from "../runs/id-prefix.js";
import { openRuns, type StoreRuns } from "../store/open-runs.js";
import { tellAgeAtEnd } from "../store/table-age.js";
import type { DiffArguments } from "./diff.js";

/** Twice the characters of a curve: no bucket is wider than one. */
const RESOLUTION = 256;

interface Difference {
  readonly repository: Repository;
  readonly opened: StoreRuns;
  readonly sides: readonly [DiffSide, DiffSide];
  /** Null unless both sides have runs, and different ones. */
  readonly comparison: Comparison | null;
  /** Null when the code of a side is not known, or not here. */
  readonly code: CodeDifference | null;
  readonly notes: readonly string[];
}

interface CodeDifference {
  readonly states: CodeStates;
  readonly files: readonly ChangedFile[];
}

export async function runDiff(context: CommandContext, args: DiffArguments): Promise<void> {
  const difference = await findDifference(context, args);
  if (context.json) await printRecord(context, args, difference);
  else await print(context, args, difference);
  const { comparison, code, notes } = difference;
  if (notes.length > 0) process.exitCode = EXIT.partial;
  else if (args["exit-code"] && (comparison?.differs || (code?.files.length ?? 0) > 0))
    process.exitCode = EXIT.failure;
}

async function findDifference(context: CommandContext, args: DiffArguments): Promise<Difference> {
  if ((args.tolerance ?? 0) < 0) throw usageError("--tolerance must not be negative");
  const repository = await openRepository({ cwd: context.cwd, env: context.env });
  const opened = openRuns(context);
  tellAgeAtEnd(context, opened.table);
  const options = { repository, opened, metric: args.metric };
  const sides = [
    await findDiffSide(context, args.a, options),
    await findDiffSide(context, args.b ?? ".", options),
  ] as const;
  const notes: string[] = [];
  const code = wants(args, "code")
    ? await differenceOfCode(context, args, { ...options, sides, notes })
    : null;
  return { repository, opened, sides, comparison: comparisonOf(args, opened, sides), code, notes };
}

function wants({ only }: DiffArguments, section: ComparedSection): boolean {
  return only.length === 0 || only.includes(section);
}

function comparisonOf(
  args: DiffArguments,
  opened: StoreRuns,
  sides: readonly [DiffSide, DiffSide],
): Comparison | null {
  const runs = sides.flatMap(({ run }) => run ?? []);
  if (runs.length < 2) return null;
  return compareRuns(runs, {
    sections: new Set(COMPARED_SECTIONS.filter((section) => wants(args, section))),
    tolerance: args.tolerance ?? 0,
    resolution: RESOLUTION,
    placeOf: () => opened.place,
  });
}

interface Sides {
  readonly repository: Repository;
  readonly opened: StoreRuns;
  readonly sides: readonly [DiffSide, DiffSide];
  readonly notes: string[];
}

async function differenceOfCode(
  { cwd }: CommandContext,
  { path }: DiffArguments,
  { repository, opened, sides, notes }: Sides,
): Promise<CodeDifference | null> {
  for (const side of sides) {
    const note = await noteOf(repository, side);
    if (note !== null) notes.push(note);
  }
  const [a, b] = sides;
  const from = a.isWorkTree ? await readHeadCommit(repository) : await here(repository, a);
  const to = b.isWorkTree ? null : await here(repository, b);
  if (a.isWorkTree && !b.isWorkTree) throw usageError("the work tree comes last", "runstone diff RUN .");
  if (from === null || (to === null && !b.isWorkTree)) return null;
  const paths = path.map((one) => relative(repository.root, resolve(cwd, one)).split(sep).join("/") || ".");
  const states = {
    from,
    to,
    paths: paths.filter((one) => one !== "."),
    storePath: opened.place.context.root,
  };
  return { states, files: await listChangedFiles(repository, states) };
}

/** What of a side's code cannot be compared; null: nothing. */
async function noteOf(repository: Repository, side: DiffSide): Promise<string | null> {
  const { word, commit, isWorkTree, lacksChanges } = side;
  if (isWorkTree) return null;
  if (commit === null) return `${word} tells no commit of its code`;
  if ((await here(repository, side)) === null)
    return `the code of ${word} is not in this repository (${commit}); runstone snapshots fetch, git fetch`;
  return lacksChanges ? `${word} has no snapshot: its uncommitted changes are not compared` : null;
}

async function here(repository: Repository, { commit }: DiffSide): Promise<string | null> {
  if (commit === null) return null;
  try {
    return await resolveCommit(repository, commit);
  } catch (error) {
    if (isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST")) return null;
    throw error;
  }
}

async function print(context: CommandContext, args: DiffArguments, difference: Difference): Promise<void> {
  const { opened, sides, comparison, code, notes, repository } = difference;
  if (comparison !== null) {
    const prefix = prefixLength(comparison.runs.map(({ runId }) => runId));
    const shown = { all: args.all, atStep: undefined, tolerance: args.tolerance ?? 0, prefix, ascii: false };
    printComparison(context, { ...shown, comparison, stateOf, storesOf: (run) => opened.storesOf(run) });
  } else tellWhyNoRuns(context, sides);
  for (const note of notes) context.err.line(visible(note));
  if (code !== null) await printCode(context, repository, { ...code, stat: args.stat, words: args.words });
}

function tellWhyNoRuns({ err }: CommandContext, sides: readonly [DiffSide, DiffSide]): void {
  for (const { word, run, isWorkTree } of sides)
    if (run === null && !isWorkTree) err.line(`no run ran at ${visible(word)}: only code is compared`);
}

async function printRecord(
  context: CommandContext,
  args: DiffArguments,
  { sides, comparison, code, notes, repository, opened }: Difference,
): Promise<void> {
  const options = { all: args.all, tolerance: args.tolerance ?? 0, "at-step": undefined, stateOf };
  const patch = code === null || args.stat ? null : await patchText(repository, code.states, args.words);
  printJsonObject(context, {
    sides: sides.map(({ word, run, commit, isWorkTree }) => ({
      ...{ word, run_id: run?.runId ?? null, commit, work_tree: isWorkTree },
    })),
    comparison:
      comparison === null
        ? null
        : comparisonRecord(comparison, { ...options, storesOf: (run) => opened.storesOf(run) }),
    code: code === null ? null : { files: code.files, patch },
    notes,
  });
}
