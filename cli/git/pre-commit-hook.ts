/** Before a commit of Git: runs whose files are staged are sealed, and nothing is committed that must not be. */
import { realpathSync } from "node:fs";
import { basename } from "node:path";
import {
  CHECKED,
  isRecordPath,
  isTablePath,
  listCommittable,
  refusalsOf,
  runOfStorePath,
  type TreePath,
  treePathOf,
} from "../../core/git/commit-runs/index.js";
import { listPaths, openRepository, type Repository } from "../../core/git/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { visible } from "../output/visible.js";
import type { StoreRuns } from "../store/open-runs.js";
import { openHookStore } from "./hook-store.js";
import { reasonOfRefusal } from "./refusal-text.js";
import { sealedRuns } from "./sealed-runs.js";

const SHOWN = 20;

/** Whether Git may go on; why not is told. */
export async function beforeCommit(context: CommandContext): Promise<boolean> {
  const [checked] = Object.keys(CHECKED) as [keyof typeof CHECKED];
  if (context.env[checked] === CHECKED[checked]) return true;
  const store = await storeOfCommit(context);
  const staged = store === null ? [] : await stagedFiles(store.repository, store.storePath);
  if (store === null || staged.length === 0) return true;
  try {
    return await new CommitCheck(context, store).check(staged);
  } catch (error) {
    if (!isRunstoneError(error)) throw error;
    return refuse(context, [error.message]);
  }
}

/** Null where there is none. One that cannot be opened stops no commit of code: that is told. */
async function storeOfCommit(context: CommandContext): Promise<CheckedStore | null> {
  try {
    const repository = await openRepository({ cwd: context.cwd, env: context.env, manner: "user" });
    const opened = openHookStore(context);
    if (opened === null) return null;
    const storePath = treePathOf(repository.root, realpathSync(opened.place.context.root));
    return storePath === null ? null : { repository, opened, storePath };
  } catch (error) {
    if (!isRunstoneError(error)) throw error;
    context.err.line(`runstone: this commit was not checked: ${visible(error.message)}`);
    return null;
  }
}

/** Without those that the commit deletes. */
async function stagedFiles(repository: Repository, within: TreePath): Promise<readonly TreePath[]> {
  const how = ["diff", "--cached", "--name-only", "-z", "--no-renames", "--diff-filter=d"];
  return listPaths(repository, [...how, "--", within]);
}

interface CheckedStore {
  readonly repository: Repository;
  readonly opened: StoreRuns;
  readonly storePath: TreePath;
}

class CommitCheck {
  readonly #context: CommandContext;
  readonly #store: CheckedStore;

  constructor(context: CommandContext, store: CheckedStore) {
    this.#context = context;
    this.#store = store;
  }

  async check(staged: readonly TreePath[]): Promise<boolean> {
    const runIds = new Set(staged.flatMap((path) => this.#runOf(path)));
    const { sealed, skipped } = sealedRuns(this.#store.opened, runIds);
    if (skipped.length > 0)
      return refuse(
        this.#context,
        skipped.map(({ runId, reason }) => `run ${runId}: ${reason}`),
        "Leave it out: git restore --staged PATH. What has ended alone: runstone commit",
      );
    const added = await this.#ofSeals(sealed);
    const problems = this.#refusals([...new Set([...staged, ...added])]);
    if (problems.length > 0)
      return refuse(this.#context, problems, "One that is no secret: runstone commit --allow PATH");
    return added.length === 0 || this.#stage(added);
  }

  #runOf(path: TreePath): readonly string[] {
    const run = runOfStorePath(path.slice(this.#store.storePath.length + 1));
    return run === null ? [] : [run.runId];
  }

  /** Files of these runs that are not as the index has them. */
  async #ofSeals(runIds: ReadonlySet<string>): Promise<readonly TreePath[]> {
    const { repository, storePath } = this.#store;
    const isRecord = (path: TreePath): boolean => isRecordPath(path.slice(storePath.length + 1));
    const all = await listCommittable(repository, { within: [storePath], isRecord });
    const changed = new Set(
      await listPaths(repository, ["diff", "--name-only", "-z", "--no-renames", "--", storePath]),
    );
    const tracked = new Set(await listPaths(repository, ["ls-files", "-z", "--", storePath]));
    return all.filter((path) => {
      const [runId] = this.#runOf(path);
      return runId !== undefined && runIds.has(runId) && (changed.has(path) || !tracked.has(path));
    });
  }

  #refusals(paths: readonly TreePath[]): readonly string[] {
    const { repository, opened, storePath } = this.#store;
    const { gitMaxBytes } = opened.place.context.artifactPolicy;
    const isTable = (path: TreePath): boolean => isTablePath(path.slice(storePath.length + 1));
    return refusalsOf(repository.root, paths, { maxBytes: gitMaxBytes, isTable }).map(
      (one) => `${one.path}: ${reasonOfRefusal(one)}`,
    );
  }

  /** Of a commit of some paths alone the index is one that Git throws away. */
  async #stage(paths: readonly TreePath[]): Promise<boolean> {
    if (basename(this.#context.env.GIT_INDEX_FILE ?? "").startsWith("next-index"))
      return refuse(
        this.#context,
        paths.map((path) => `${path}: is not part of this commit, and belongs to its run`),
        "Commit runs whole: runstone commit",
      );
    const listed = Buffer.from(paths.map((path) => `${path}\0`).join(""));
    const how = ["add", "--force", "--pathspec-from-file=-", "--pathspec-file-nul"];
    await this.#store.repository.git(["--literal-pathspecs", ...how], { input: listed });
    this.#context.err.line(
      `runstone: staged ${paths.length} more ${paths.length === 1 ? "file" : "files"} of sealed runs`,
    );
    return true;
  }
}

/** False. */
function refuse({ err }: CommandContext, problems: readonly string[], hint?: string): false {
  err.line("runstone: this commit is stopped");
  for (const problem of problems.slice(0, SHOWN)) err.line(`  ${visible(problem)}`);
  if (problems.length > SHOWN) err.line(`  and ${problems.length - SHOWN} more`);
  if (hint !== undefined) err.line(`${hint}. Without this check: git commit --no-verify`);
  return false;
}
