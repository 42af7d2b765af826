import { basename, dirname, join, resolve } from "node:path";
import { type CheckedOut, checkoutCommit } from "../../core/git/checkout/index.js";
import { openRepository, type Repository } from "../../core/git/index.js";
import type { RunRecord } from "../../core/search/run-record.js";
import { RunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { type CodeToCheckout, codeToCheckout } from "../git/code-to-checkout.js";
import { printJsonObject } from "../output/print-json.js";
import { visible } from "../output/visible.js";
import { usageError } from "../parse/usage-error.js";
import { openRuns } from "../store/open-runs.js";
import { resolveRun } from "../store/resolve-runs.js";
import { runNameOf } from "../store/run-name.js";
import type { CheckoutArguments } from "./checkout.js";

export async function runCheckout(context: CommandContext, args: CheckoutArguments): Promise<void> {
  const opened = openRuns(context);
  const run = resolveRun(context, opened, args.run);
  const code = codeToCheckout(run, opened.place);
  if (args.patch && code.patch === null) throw noPatch(run, code);
  const repository = await openRepository({ cwd: context.cwd, env: context.env });
  const directory = resolve(context.cwd, args.worktree ?? usualDirectory(repository, run));
  const checkedOut = await checkoutCommit(repository, { commit: code.commit, directory });
  const isPatched = args.patch && code.patch !== null;
  if (isPatched) await applyPatch(repository, directory, code.patch);
  const isExact = isAllThere(code, checkedOut, isPatched);
  if (context.json) printJsonObject(context, recordOf(run, { code, checkedOut, isPatched, isExact }));
  else tell(context, run, { code, checkedOut, isPatched, isExact });
  if (!isExact) process.exitCode = EXIT.partial;
}

/** `../project-7f3a9be` beside the main work tree. */
function usualDirectory({ commonDir, root }: Repository, { runId }: RunRecord): string {
  const main = basename(commonDir) === ".git" ? dirname(commonDir) : root;
  return join(dirname(main), `${basename(main)}-${runId.replace(/[^\w.-]/g, "_").slice(0, 7)}`);
}

function noPatch({ runId }: RunRecord, { from }: CodeToCheckout): Error {
  if (from === "snapshot") return usageError("this run has a snapshot: --patch is for runs without one");
  return new RunstoneError("RESOURCE_DOES_NOT_EXIST", `run ${runId} has no whole patch of its changes`, {
    hint: "Without --patch the commit is checked out as it is.",
    data: { runId },
  });
}

/** Looked at first, then applied: a patch that does not fit changes nothing. */
async function applyPatch(repository: Repository, directory: string, patch: Buffer): Promise<void> {
  for (const look of [["--check"], []])
    await repository.git(["-C", directory, "apply", "--whitespace=nowarn", ...look, "-"], { input: patch });
}

interface Done {
  readonly code: CodeToCheckout;
  readonly checkedOut: CheckedOut;
  readonly isPatched: boolean;
  /** The work tree holds all of the code. */
  readonly isExact: boolean;
}

function isAllThere(code: CodeToCheckout, { large }: CheckedOut, isPatched: boolean): boolean {
  if (large.missing.length > 0 || code.leftOut.length > 0) return false;
  return code.from === "snapshot" || code.dirty === false || isPatched;
}

function recordOf({ runId }: RunRecord, { code, checkedOut, isPatched, isExact }: Done): object {
  return {
    run_id: runId,
    directory: checkedOut.directory,
    commit: code.commit,
    from: code.from,
    patched: isPatched,
    exact: isExact,
    left_out: code.leftOut,
    large_files: checkedOut.large,
  };
}

function tell(context: CommandContext, run: RunRecord, { code, checkedOut, isPatched, isExact }: Done): void {
  const { out, err, style } = context;
  const name = runNameOf(run);
  const shown = `${run.runId.slice(0, 7)}${name === "" ? "" : ` (${visible(name)})`}`;
  out.line(`The code of run ${shown} is in ${visible(checkedOut.directory)}`);
  if (isExact) return;
  for (const { path, reason } of code.leftOut)
    err.line(`${style.yellow("not in it:")} ${visible(path)} (${REASONS[reason] ?? visible(reason)})`);
  for (const path of checkedOut.large.missing)
    err.line(`${style.yellow("a pointer only:")} ${visible(path)} (git lfs pull brings the content)`);
  if (code.from === "commit" && code.dirty !== false && !isPatched)
    err.line(`${style.yellow("not in it:")} ${changesText(code)}`);
}

function changesText({ dirty, patch }: CodeToCheckout): string {
  if (dirty === null) return "changes that were not committed, if there were any";
  return patch === null
    ? "the changes that were not committed"
    : "the changes that were not committed; --patch applies what was kept of them";
}

/** See `LeftOutReason`. */
const REASONS: Readonly<Record<string, string>> = {
  size: "too large",
  count: "too many files",
  total: "too much in all",
  "credential-file": "its name is that of a file with credentials",
  secret: "it has a secret in it",
  repository: "a repository of its own",
  submodule: "changes of a submodule that are in none of its commits",
  lfs: "Git LFS: only the pointer is in it",
  filter: "a filter makes something else of it",
  unreadable: "it could not be read",
};
