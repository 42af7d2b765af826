import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { compareOutcomes, isAboutTheRun, type Outcome } from "../../core/compare/compare-outcomes.js";
import { type Comparison, compareRuns } from "../../core/compare/compare-runs.js";
import { openRepository, type Repository } from "../../core/git/index.js";
import { readRunRecord } from "../../core/search/read-run-record.js";
import type { RunRecord } from "../../core/search/run-record.js";
import { mustFindRun } from "../../core/store/read/runs.js";
import { RunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { type CodeToCheckout, codeToCheckout } from "../git/code-to-checkout.js";
import { askPlainly } from "../input/ask.js";
import { printJsonObject } from "../output/print-json.js";
import { visible } from "../output/visible.js";
import { usageError } from "../parse/usage-error.js";
import { type PlacedCode, placeCode, removeWorkTree } from "../reproduce/code-of-run.js";
import { linkIgnored } from "../reproduce/link-ignored.js";
import { isOwnRun } from "../reproduce/own-run.js";
import { makePlan, type Plan } from "../reproduce/plan.js";
import { printPlan, printResult } from "../reproduce/print-reproduction.js";
import { type RecordedRun, readRecordedRun } from "../reproduce/recorded-run.js";
import { planRecord, type Reproduction, reproductionRecord } from "../reproduce/reproduction.js";
import { type RunAgain, runAgain } from "../reproduce/run-again.js";
import {
  makeVirtualEnvironment,
  programInEnvironment,
  type VirtualEnvironment,
} from "../reproduce/virtual-environment.js";
import { openRuns, type StoreRuns } from "../store/open-runs.js";
import { resolveRun } from "../store/resolve-runs.js";
import type { ReproduceArguments } from "./reproduce.js";

/** Of curves: twice the characters of one. */
const RESOLUTION = 256;

export async function runReproduce(context: CommandContext, args: ReproduceArguments): Promise<void> {
  checkArguments(context, args);
  const opened = openRuns(context);
  const origin = resolveRun(context, opened, args.run);
  assertEnded(origin);
  const code = codeToCheckout(origin, opened.place);
  const repository = await openRepository({ cwd: context.cwd, env: context.env });
  const scratch = args["dry-run"] ? null : realpathSync(mkdtempSync(join(tmpdir(), "runstone-reproduce-")));
  const worktree =
    args.worktree !== undefined
      ? resolve(context.cwd, args.worktree)
      : join(scratch ?? join(tmpdir(), "runstone-reproduce-..."), "code");
  const recorded = readRecordedRun(origin, opened.place);
  const work = { context, args, opened, origin, recorded, code, repository, worktree };
  try {
    const plan = await planOf(work);
    const planned = { origin, code, plan, worktree };
    if (scratch === null) {
      if (context.json) printJsonObject(context, planRecord(planned));
      else printPlan(context, context.out, planned);
      return;
    }
    printPlan(context, context.err, planned);
    if (context.tail.length === 0 || args.venv) await askIfForeign(context, args, origin);
    await reproduce({ ...work, plan, scratch });
  } finally {
    if (scratch !== null && !(isKept(args) && existsSync(worktree)))
      rmSync(scratch, { recursive: true, force: true });
  }
}

interface Work {
  readonly context: CommandContext;
  readonly args: ReproduceArguments;
  readonly opened: StoreRuns;
  readonly origin: RunRecord;
  readonly recorded: RecordedRun;
  readonly code: CodeToCheckout;
  readonly repository: Repository;
  /** The top of the new work tree. */
  readonly worktree: string;
}

interface PlannedWork extends Work {
  readonly plan: Plan;
  readonly scratch: string;
}

function checkArguments({ tail }: CommandContext, args: ReproduceArguments): void {
  if ((args.tolerance ?? 0) < 0 || Number.isNaN(args.tolerance))
    throw usageError("--tolerance must not be negative");
  if (args.set.length > 0 && args.tolerance !== undefined)
    throw usageError("a variation is not judged: --tolerance has no place beside --set");
  if (args.set.length > 0 && tail.length > 0)
    throw usageError("--set changes the recorded command: put the value into the one after -- instead");
}

function isKept({ keep, worktree }: ReproduceArguments): boolean {
  return keep && worktree === undefined;
}

function assertEnded({ runId, info }: RunRecord): void {
  if (info?.status !== "RUNNING" && info?.status !== "SCHEDULED") return;
  throw new RunstoneError(
    "INVALID_STATE",
    `run ${runId} has not ended: there is nothing to compare with yet`,
    {
      hint: "Wait for its end. A run that was lost: runstone end RUN --status FAILED.",
      data: { runId },
    },
  );
}

function planOf({ context, args, origin, recorded, code, repository, worktree }: Work): Promise<Plan> {
  return makePlan(origin.runId, recorded, {
    ...{ repository, commit: code.commit, worktree },
    ...{ command: context.tail, set: args.set, env: context.env },
  });
}

/** The command is the recorder's, and would run with this user's rights. */
async function askIfForeign(
  context: CommandContext,
  { yes }: ReproduceArguments,
  { runId, tags }: RunRecord,
): Promise<void> {
  if (yes || isOwnRun(tags)) return;
  const by = `${tags["mlflow.user"] ?? "somebody"} on ${tags["runstone.host"] ?? "another host"}`;
  if (process.stdin.isTTY && context.err.isTerminal) {
    context.err.flush();
    if (/^y(?:es)?$/i.test(await askPlainly(`Recorded by ${visible(by)}. Run it? [y/N] `))) return;
    throw new RunstoneError("PERMISSION_DENIED", "nothing was run", { data: { runId } });
  }
  throw new RunstoneError("PERMISSION_DENIED", `run ${runId} was recorded by ${by}: its command is theirs`, {
    hint: "Look at it with --dry-run; --yes runs it.",
    data: { runId },
  });
}

async function reproduce(work: PlannedWork): Promise<void> {
  const { context, args, repository, code, worktree } = work;
  const placed = await placeCode(repository, code, worktree);
  const stays = args.keep || args.worktree !== undefined;
  try {
    linkIgnored(args.link, { repository, cwd: context.cwd, worktree });
    const venv = args.venv ? await makeVirtualEnvironment(context, work) : null;
    const plan = venv === null ? work.plan : planIn(venv, work.plan);
    for (const note of venv?.notes ?? [])
      context.err.line(`${context.style.yellow("note:")} ${visible(note)}`);
    context.err.flush();
    const again = await runAgain(context, {
      ...{ environment: venv?.variables ?? {} },
      ...{ plan, originId: work.origin.runId, root: work.opened.place.context.root },
      ...{ worktree, scratch: work.scratch, tags: tagsOf(work) },
    });
    finish({ ...work, plan }, placed, again);
  } finally {
    if (!stays) await removeWorkTree(repository, worktree);
  }
}

function planIn(venv: VirtualEnvironment, plan: Plan): Plan {
  const [program = "", ...rest] = plan.command;
  const command = [programInEnvironment(program, venv), ...rest];
  return { ...plan, command, notes: [...plan.notes, ...venv.notes] };
}

function tagsOf({ origin, args }: Work): Readonly<Record<string, string>> {
  return {
    "runstone.reproduces": origin.runId,
    ...(args.set.length === 0 ? {} : { "runstone.variation": args.set.join(" ") }),
  };
}

function finish(work: PlannedWork, placed: PlacedCode, again: RunAgain): void {
  const { context, args, opened, origin, plan } = work;
  const { place } = opened;
  const record = readRunRecord(mustFindRun(place.context, again.runId), place.onDamage);
  const isJudged = args.set.length === 0 && !again.isInterrupted;
  const reproduction: Reproduction = {
    ...{ origin, record, again, plan, placed, code: work.code },
    directory: args.keep || args.worktree !== undefined ? work.worktree : null,
    tolerance: args.tolerance ?? 0,
    set: args.set,
    outcome: isJudged ? outcomeOf(work, record) : null,
    comparison: comparisonOf(work, record),
  };
  if (context.json) printJsonObject(context, reproductionRecord(reproduction));
  else printResult(context, reproduction);
  process.exitCode = exitCodeOf(reproduction);
}

/** Params that name a place in the work tree name another one now. */
function outcomeOf(
  { args, opened, origin, recorded, repository, worktree }: PlannedWork,
  record: RunRecord,
): Outcome {
  const root = recorded.root ?? repository.root;
  return compareOutcomes(origin, record, {
    ...{ place: opened.place, tolerance: args.tolerance ?? 0 },
    asAtOrigin: (value) => value.replaceAll(worktree, root),
  });
}

/** What a verdict leaves out: machine and packages; and all of it for a variation. */
function comparisonOf({ args, opened, origin }: PlannedWork, record: RunRecord): Comparison {
  const more = args.set.length === 0 ? [] : (["metrics", "params", "artifacts"] as const);
  const comparison = compareRuns([origin, record], {
    sections: new Set([...more, "environment", "packages"]),
    ...{ tolerance: 0, resolution: RESOLUTION, placeOf: () => opened.place },
  });
  return { ...comparison, artifacts: comparison.artifacts.filter(({ key }) => !isAboutTheRun(key)) };
}

function exitCodeOf({ outcome, again }: Reproduction): number {
  if (again.isInterrupted) return again.code ?? EXIT.failure;
  if (outcome !== null) return outcome.verdict === "different" ? EXIT.failure : EXIT.ok;
  return again.code === 0 ? EXIT.ok : EXIT.failure;
}
