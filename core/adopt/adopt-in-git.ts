/**
 * Adopting a store in a Git work tree: beside what every store needs, what Git has of it. Large artifacts leave Git's index by
 * pointer, when that is asked for: the seal of their run has their hash, and the file stays where it is.
 */
import { join } from "node:path";
import { decodeText, isRunstoneError } from "../../store-format/index.js";
import { readBytesIfExists, statIfExists } from "../fs/index.js";
import {
  type GitRunOptions,
  openRepository,
  type Repository,
  type RepositoryOptions,
} from "../git/repository.js";
import { isBusy } from "../maintenance/repair.js";
import type { StoreContext } from "../store/context.js";
import { MANIFEST } from "../store/layout.js";
import { listRunLocations, type RunLocation, readRunMeta } from "../store/read/index.js";
import { LIVE_GITIGNORE } from "../store/runs/create-run.js";
import { isEnded } from "../store/runs/finish-run.js";
import { readManifest, sealRun } from "../store/runs/seal.js";
import { type AdoptOptions, adopt, withWorkspace } from "./adopt.js";
import type { AdoptChange, AdoptReport, LeftAlone } from "./change.js";
import { type GitFindings, lookAtGit, type TrackedArtifact } from "./look-at-git.js";

export interface AdoptInGitOptions extends AdoptOptions {
  readonly env: RepositoryOptions["env"];
  /** Takes artifacts over the store's limit out of Git's index. */
  readonly untrackLarge: boolean;
}

/** As `adopt`; outside of Git, or without a Git program, nothing else. Rejects with GIT_FAILED. */
export async function adoptInGit(opened: StoreContext, options: AdoptInGitOptions): Promise<AdoptReport> {
  const repository = await repositoryAround(opened.root, options);
  const { gitMaxBytes } = opened.artifactPolicy;
  const found = repository === null ? null : await lookAtGit(repository, opened.root, gitMaxBytes);
  const report = adopt(opened, options);
  if (repository === null || found === null) return report;
  const leftAlone = [...report.leftAlone, ...halfIgnored(found), ...convertedValues(found)];
  if (!options.untrackLarge) return { ...report, leftAlone: [...leftAlone, ...tooLarge(found)] };
  const work = new Untracking(withWorkspace(opened), found);
  const failures = options.apply === true ? await work.apply(repository) : [];
  return {
    ...report,
    changes: [...report.changes, ...work.changes],
    leftAlone: [...leftAlone, ...work.leftAlone],
    failures: [...report.failures, ...failures],
  };
}

async function repositoryAround(
  root: string,
  { env, untrackLarge }: AdoptInGitOptions,
): Promise<Repository | null> {
  try {
    return await openRepository({ cwd: root, env });
  } catch (error) {
    const isNone = isRunstoneError(error, "NO_REPOSITORY") || isRunstoneError(error, "UNSUPPORTED");
    if (!isNone || untrackLarge) throw error;
    return null;
  }
}

const NAMES_TOLD = 3;

function halfIgnored({ ignored }: GitFindings): LeftAlone[] {
  return [...ignored].map(([path, records]) => ({
    path,
    reason: `an ignore rule keeps a part of its record out of Git: ${namesIn(path, records)}`,
    hint: "runstone commit commits it all the same.",
  }));
}

/** Which of the two is the value that was logged, cannot be told: Git converts on the way in, too. */
function convertedValues({ converted }: GitFindings): LeftAlone[] {
  return [...converted].map(([path, records]) => ({
    path,
    reason: `values have CR LF here and LF in Git: ${namesIn(path, records)}`,
    hint: "If Git converted them in this clone, remove the files, then git checkout -- PATH.",
  }));
}

function namesIn(path: string, records: readonly string[]): string {
  const names = records.slice(0, NAMES_TOLD).map((record) => record.slice(path.length + 1));
  const more = records.length > names.length ? `, and ${records.length - names.length} more` : "";
  return `${names.join(", ")}${more}`;
}

function tooLarge({ large }: GitFindings): LeftAlone[] {
  return [...large].map(([path, files]) => ({
    path,
    reason: `${files.length === 1 ? "an artifact" : `${files.length} artifacts`} of ${mebibytes(files)} in Git`,
    hint: "--untrack-large takes them out; the seal of the run has their hashes.",
  }));
}

function mebibytes(files: readonly TrackedArtifact[]): string {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return `${(bytes / (1 << 20)).toFixed(1)} MiB`;
}

class Untracking {
  readonly changes: AdoptChange[] = [];
  readonly leftAlone: LeftAlone[] = [];
  readonly #context: StoreContext;
  readonly #found: GitFindings;
  readonly #runs: RunLocation[] = [];

  /** Looks which runs can be sealed. */
  constructor(context: StoreContext, found: GitFindings) {
    this.#context = context;
    this.#found = found;
    const runs = new Map([...listRunLocations(context)].map((run) => [run.path, run]));
    for (const [path, files] of found.large) {
      const run = runs.get(path);
      const reason = run === undefined ? "has no meta.yaml: there is nothing to seal" : reasonAgainst(run);
      if (run === undefined || reason !== null)
        this.leftAlone.push({
          path,
          reason: reason ?? "",
          hint: `${files.length} large artifacts stay in Git.`,
        });
      else
        this.#plan(
          run,
          files.filter((file) => isFile(join(context.root, file.path))),
        );
    }
  }

  #plan(run: RunLocation, files: readonly TrackedArtifact[]): void {
    if (files.length === 0) return;
    this.#runs.push(run);
    const why = "the manifest has the hash of each artifact: by it other clones get them";
    this.changes.push({ path: `${run.path}/${MANIFEST}`, what: "sealed", why, kept: false });
    for (const { path, size } of files)
      this.changes.push({
        path,
        what: "no longer in Git's index; the file stays",
        why: `${mebibytes([{ path, size }])}, more than artifacts.git_max_bytes`,
        kept: false,
      });
  }

  /** Seals first: no artifact leaves Git before its hash is written down. */
  async apply(repository: Repository): Promise<AdoptReport["failures"]> {
    const failures: { path: string; reason: string }[] = [];
    const sealed = this.#runs.filter((run) => this.#seal(run, failures));
    const paths = sealed.flatMap((run) => this.#pathsInManifest(run));
    if (paths.length > 0)
      await untrack(
        repository,
        paths.map((path) => treePath(this.#found.storePath, path)),
      );
    const failed = new Set(failures.map(({ path }) => path));
    const isDone = ({ path }: AdoptChange): boolean => ![...failed].some((run) => path.startsWith(`${run}/`));
    this.changes.splice(0, this.changes.length, ...this.changes.filter(isDone));
    return failures;
  }

  #seal(run: RunLocation, failures: { path: string; reason: string }[]): boolean {
    try {
      if (sealRun(this.#context, run)) return true;
      failures.push({ path: run.path, reason: "something writes into it" });
    } catch (error) {
      if (!isRunstoneError(error)) throw error;
      failures.push({ path: run.path, reason: error.message });
    }
    return false;
  }

  #pathsInManifest(run: RunLocation): readonly string[] {
    const sealed = new Set(readManifest(run.directory)?.files.map(({ path }) => path));
    const files = this.#found.large.get(run.path) ?? [];
    return files.map(({ path }) => path).filter((path) => sealed.has(path.slice(run.path.length + 1)));
  }
}

/** What is gone from the work tree has no hash to be sealed. */
function isFile(path: string): boolean {
  return statIfExists(path)?.kind === "file";
}

function treePath(storePath: string, path: string): string {
  return storePath === "" ? path : `${storePath}/${path}`;
}

/** Why a run must not be sealed now; null: it can be. */
function reasonAgainst(run: RunLocation): string | null {
  if (isBusy(run)) return "something writes into it";
  try {
    if (!isEnded(readRunMeta(run).status)) return "it has not ended";
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED")) throw error;
    return "its meta.yaml cannot be read";
  }
  return hasForeignIgnore(run) ? "it has a .gitignore of somebody's" : null;
}

/** The seal writes the run's `.gitignore`. */
function hasForeignIgnore({ directory }: RunLocation): boolean {
  const bytes = readBytesIfExists(join(directory, ".gitignore"));
  if (bytes === null) return false;
  const text = decodeText(bytes).value;
  return (
    text !== LIVE_GITIGNORE &&
    !text.split("\n").every((line) => line === "" || line.startsWith("/artifacts/"))
  );
}

async function untrack(repository: Repository, paths: readonly string[]): Promise<void> {
  const input: GitRunOptions = { input: Buffer.from(paths.map((path) => `${path}\0`).join("")) };
  await repository.git(["update-index", "--force-remove", "-z", "--stdin"], input);
}
