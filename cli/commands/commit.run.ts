import {
  amendedMessage,
  type CommittedRun,
  commitMessage,
  commitPaths,
  isTablePath,
  refusalsOf,
} from "../../core/git/commit-runs/index.js";
import { openRepository, type Repository } from "../../core/git/index.js";
import { metricDirection } from "../../core/search/metric-direction.js";
import type { RunRecord } from "../../core/search/run-record.js";
import { RunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { chooseRecords, type RecordsToCommit } from "../git/records-to-commit.js";
import { reasonOfRefusal } from "../git/refusal-text.js";
import { formatNumber } from "../output/number.js";
import { printJsonObject } from "../output/print-json.js";
import { visible } from "../output/visible.js";
import { usageError } from "../parse/usage-error.js";
import { openRuns, type StoreRuns } from "../store/open-runs.js";
import { runNameOf } from "../store/run-name.js";
import type { CommitArguments } from "./commit.js";

const METRICS_TOLD = 3;
const REFUSALS_SHOWN = 20;

export async function runCommit(context: CommandContext, args: CommitArguments): Promise<void> {
  if (args.amend && args.message.length > 0)
    throw usageError("--amend keeps the message: leave out --message");
  const repository = await openRepository({ cwd: context.cwd, env: context.env, manner: "user" });
  const opened = openRuns(context);
  const chosen = await chooseRecords(context, {
    repository,
    opened,
    words: args.runs,
    dryRun: args["dry-run"],
  });
  refuse(repository, opened, chosen, args.allow);
  const runs = chosen.runs.map((run) => committedRun(opened, run));
  if (chosen.paths.length === 0) return tellNothing(context, chosen);
  const message = await messageOf(repository, runs, args);
  const commit = args["dry-run"]
    ? null
    : await commitPaths(repository, {
        ...{ paths: chosen.paths, message, amend: args.amend, withStaged: args["with-staged"] },
      });
  tell(context, chosen, { commit, message, runs });
}

/** Throws INVALID_STATE with the list. */
function refuse(
  { root }: Repository,
  { place }: StoreRuns,
  { paths, storePath }: RecordsToCommit,
  allowed: readonly string[],
): void {
  const isTable = (path: string): boolean =>
    path.startsWith(`${storePath}/`) && isTablePath(path.slice(storePath.length + 1));
  const asked = paths.filter((path) => !allowed.includes(path));
  const refusals = refusalsOf(root, asked, { maxBytes: place.context.artifactPolicy.gitMaxBytes, isTable });
  if (refusals.length === 0) return;
  const list = refusals
    .slice(0, REFUSALS_SHOWN)
    .map((one) => `${visible(one.path)} (${reasonOfRefusal(one)})`);
  const more = refusals.length > list.length ? `, and ${refusals.length - list.length} more` : "";
  throw new RunstoneError(
    "INVALID_STATE",
    `nothing was committed: ${refusals.length} ${refusals.length === 1 ? "file" : "files"} must not be: ${list.join(", ")}${more}`,
    {
      hint: "Remove what is secret (runstone tag --remove, runstone delete), or, if a file is none: --allow PATH.",
      data: { refusals },
    },
  );
}

function committedRun(opened: StoreRuns, run: RunRecord): CommittedRun {
  const keys = Object.keys(run.metrics).filter((key) => !key.startsWith("system/"));
  return {
    runId: run.runId,
    name: runNameOf(run),
    experiment: opened.experimentNameOf(run) ?? run.experimentId,
    metrics: keys.slice(0, METRICS_TOLD).map((key) => {
      const summary = run.metrics[key]!;
      const best = summary[metricDirection(key) ?? "max"] ?? summary.last;
      return `${key}=${formatNumber(best.value)}`;
    }),
  };
}

async function messageOf(
  repository: Repository,
  runs: readonly CommittedRun[],
  { amend, message }: CommitArguments,
): Promise<string> {
  if (!amend) return commitMessage(runs, message);
  const former = await repository.text(["log", "-1", "--no-show-signature", "--format=%B", "HEAD", "--"]);
  return amendedMessage(`${former.trimEnd()}\n`, runs);
}

function tellNothing(context: CommandContext, { skipped }: RecordsToCommit): void {
  if (context.json)
    printJsonObject(context, { commit: null, runs: [], files: 0, skipped: skipped.map(skippedRecord) });
  else context.out.line("Nothing to commit: Git has every run that ended.");
  tellSkipped(context, skipped);
}

interface Committed {
  /** Null: a dry run. */
  readonly commit: string | null;
  readonly message: string;
  readonly runs: readonly CommittedRun[];
}

function tell(context: CommandContext, { paths, skipped }: RecordsToCommit, done: Committed): void {
  const { commit, message, runs } = done;
  const files = `${paths.length} ${paths.length === 1 ? "file" : "files"}`;
  const of = `${runs.length} ${runs.length === 1 ? "run" : "runs"} in ${files}`;
  if (context.json)
    printJsonObject(context, {
      ...{ commit, message, files: paths.length, skipped: skipped.map(skippedRecord) },
      runs: runs.map(({ runId, name }) => ({ run_id: runId, run_name: name })),
    });
  else if (commit === null) {
    context.out.line(`Would commit ${of}:`);
    for (const line of message.trimEnd().split("\n")) context.out.line(`  ${visible(line)}`.trimEnd());
  } else
    context.out.line(`Committed ${of} as ${commit.slice(0, 7)}: ${visible(message.split("\n")[0] ?? "")}`);
  tellSkipped(context, skipped);
}

function skippedRecord({ runId, runName, reason }: RecordsToCommit["skipped"][number]): object {
  return { run_id: runId, run_name: runName, reason };
}

function tellSkipped({ err }: CommandContext, skipped: RecordsToCommit["skipped"]): void {
  for (const { runId, runName, reason } of skipped)
    err.line(`${runId.slice(0, 7)}${runName === "" ? "" : ` (${visible(runName)})`} was left out: ${reason}`);
}
