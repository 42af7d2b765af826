/** Runstone's part in the hooks of a repository. */
import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import { shellQuote } from "../../core/capture/shell-words.js";
import {
  findHookPlace,
  HOOK_NAMES,
  type HookName,
  type HookPlace,
  type HookResult,
  type HookState,
  installHooks,
  listHooks,
  removeHooks,
} from "../../core/git/hooks/index.js";
import { openRepository, type Repository } from "../../core/git/repository.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { afterChange } from "../git/after-change-hook.js";
import { beforeCommit } from "../git/pre-commit-hook.js";
import { beforePush } from "../git/pre-push-hook.js";
import { printJsonObject } from "../output/print-json.js";
import { visible } from "../output/visible.js";
import { usageError } from "../parse/usage-error.js";
import { storePath } from "../store/open-place.js";
import type { HookRunArguments } from "./hooks.js";

const WORDS: Readonly<Record<HookState, string>> = {
  installed: "installed",
  there_already: "there already",
  not_executable: "left alone: a hook that Git does not run, for it is not executable",
  no_place: "left alone: it cannot be called beside ours, a file NAME.before-runstone is there already",
  removed: "removed",
  not_there: "none of ours",
};

export async function runInstall(context: CommandContext): Promise<void> {
  const { place, repository } = await open(context);
  tell(context, place, installHooks(place, callOf(context, repository, place)));
}

export async function runRemove(context: CommandContext): Promise<void> {
  const { place } = await open(context);
  tell(context, place, removeHooks(place));
}

export async function runList(context: CommandContext): Promise<void> {
  const { place } = await open(context);
  const installed = listHooks(place);
  const states = HOOK_NAMES.map((name) => ({ name, installed: installed.includes(name) }));
  if (context.json) return printJsonObject(context, { directory: place.directory, hooks: states });
  for (const { name, installed: is } of states)
    context.out.line(`${name.padEnd(13)}  ${is ? "installed" : "-"}`);
}

/** Only `pre-commit` says no; whatever else fails here, Git goes on. */
export async function runHook(context: CommandContext, { name, args }: HookRunArguments): Promise<void> {
  if (!isHookName(name))
    throw usageError(`there is no hook ${name} here`, `One of ${HOOK_NAMES.join(", ")}.`);
  if (name === "pre-commit") {
    if (!(await beforeCommit(context))) process.exitCode = EXIT.failure;
  } else if (name === "pre-push") await beforePush(context);
  else await afterChange(context, name, args);
}

function isHookName(name: string): name is HookName {
  return (HOOK_NAMES as readonly string[]).includes(name);
}

async function open(context: CommandContext): Promise<{ place: HookPlace; repository: Repository }> {
  const repository = await openRepository({ cwd: context.cwd, env: context.env, manner: "user" });
  return { repository, place: await findHookPlace(repository) };
}

/** As `sh` reads it. What others get with a commit names no place of this machine. */
function callOf(context: CommandContext, { root }: Repository, { isShared }: HookPlace): string {
  const store = storeWords(context, root);
  if (isShared) return `! command -v runstone >/dev/null || runstone${store}`;
  const [node, program] = [process.execPath, resolve(context.cwd, process.argv[1] ?? "runstone")].map(
    shellQuote,
  );
  return `[ ! -e ${program} ] || ${node} ${program}${store}`;
}

/** Git starts hooks at the top of the work tree. */
function storeWords(context: CommandContext, root: string): string {
  const given = storePath(context);
  if (given !== undefined)
    return ` --store ${shellQuote(relative(root, resolve(context.cwd, given)) || ".")}`;
  const inside = relative(root, context.cwd);
  return inside === "" || !existsSync(resolve(context.cwd, ".runstone"))
    ? ""
    : ` --store ${shellQuote(inside)}`;
}

function tell(context: CommandContext, { directory }: HookPlace, results: readonly HookResult[]): void {
  if (results.some(({ state }) => state === "not_executable" || state === "no_place"))
    process.exitCode = EXIT.partial;
  if (context.json) return printJsonObject(context, { directory, hooks: results });
  for (const { name, state } of results) context.out.line(`${name.padEnd(13)}  ${WORDS[state]}`);
  context.err.line(`in ${visible(directory)}`);
}
