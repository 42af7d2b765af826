/**
 * What a merge of Git's leaves to be done in a store. Git merges file by file and looks for renames: where one side deleted a
 * run and added another that looks alike, what the other side changed in the first one ends up in the second. And the seals of
 * merged runs are of neither side. Both are put right from the two parents; what the user changed since is left alone.
 */
import { join } from "node:path";
import {
  isRunstoneError,
  MAX_MANIFEST_BYTES,
  type ManifestFile,
  mergeRecordFile,
  parseManifest,
  type SealedManifest,
} from "../../store-format/index.js";
import {
  assertNoLinkBetween,
  ensureDirectory,
  hashFile,
  hashPrefix,
  readBytesIfExists,
  removeFile,
  replaceFile,
  statIfExists,
} from "../fs/index.js";
import type { RepairAction, RepairReport } from "../maintenance/repair.js";
import type { StoreContext } from "../store/context.js";
import { MANIFEST } from "../store/layout.js";
import { findRun, type RunLocation, readRunMeta } from "../store/read/index.js";
import { isEnded } from "../store/runs/finish-run.js";
import { replaceManifest, sealRun, sha256 } from "../store/runs/seal.js";
import { listSealedFiles } from "../store/runs/sealed-files.js";
import { assertWritableRun, writable } from "../store/writable.js";
import { pathInRepository } from "./path-in-repository.js";
import type { Repository } from "./repository.js";
import { type ChangedFile, changedFiles } from "./tree-changes.js";

export interface CheckMergeOptions {
  readonly repository: Repository;
  readonly context: StoreContext;
}

/**
 * Looks at the merge that HEAD is; does nothing where HEAD is none. Repeating it changes nothing. What it changes is in the
 * work tree, to be committed. Rejects with GIT_FAILED, throws PERMISSION_DENIED and the like when nothing can be written.
 */
export async function checkMerge({ repository, context }: CheckMergeOptions): Promise<RepairReport> {
  writable(context);
  const path = pathInRepository(repository, context.root);
  const line = await repository.git(["rev-list", "--parents", "-n", "1", "HEAD"], { answers: [0, 128] });
  const [head, ...parents] = line.stdout.toString("utf8").trim().split(" ");
  if (path === null || head === undefined || parents.length < 2) return { actions: [], failures: [] };
  const check = new MergeCheck(repository, context, path);
  await check.read(head, parents);
  await check.putBack();
  await check.sealAnew();
  return check.report();
}

/** One parent, and what the merge made of it. */
interface Side {
  readonly commit: string;
  /** From the parent to the merge. */
  readonly merged: readonly RunFile[];
  /** From the common ancestor to the parent. */
  readonly own: ReadonlySet<string>;
}

interface RunFile extends ChangedFile {
  /** Relative to the store. */
  readonly run: string;
  readonly runId: string;
  /** Relative to the run. */
  readonly name: string;
}

class MergeCheck {
  readonly #repository: Repository;
  readonly #context: StoreContext;
  readonly #path: string;
  readonly #actions: RepairAction[] = [];
  readonly #failures: { path: string; reason: string }[] = [];
  #sides: readonly Side[] = [];
  #base: string | null = null;
  #changedSince: ReadonlySet<string> = new Set();

  constructor(repository: Repository, context: StoreContext, path: string) {
    this.#repository = repository;
    this.#context = context;
    this.#path = path;
  }

  report(): RepairReport {
    return { actions: this.#actions, failures: this.#failures };
  }

  async read(head: string, parents: readonly string[]): Promise<void> {
    const answer = await this.#repository.git(["merge-base", "--octopus", ...parents], { answers: [0, 1] });
    const base = answer.stdout.toString("utf8").trim();
    this.#base = base === "" ? null : base;
    const sides: Side[] = [];
    for (const commit of parents) {
      const merged = (await changedFiles(this.#repository, [commit, head], this.#path)).flatMap(runFile);
      const own =
        this.#base === null ? [] : await changedFiles(this.#repository, [this.#base, commit], this.#path);
      sides.push({ commit, merged, own: new Set(own.map(({ path }) => path)) });
    }
    this.#sides = sides;
    const since = await changedFiles(this.#repository, [head], this.#path);
    this.#changedSince = new Set(since.map(({ path }) => path));
  }

  /** Runs that one parent alone has are in the merge as that parent has them. */
  async putBack(): Promise<void> {
    for (const side of this.#sides)
      for (const other of this.#sides)
        if (side !== other)
          for (const strayed of strayedFiles(side, other)) await this.#putBackOne(strayed, side, other);
  }

  async #putBackOne({ file, from }: Strayed, side: Side, other: Side): Promise<void> {
    await this.#restore(file, side, "as it was before a merge took it for another run's file");
    for (const lost of other.merged)
      if (lost.run === from.run && lost.after === null)
        await this.#restore(lost, other, "brought back: a merge had moved its changes into another run");
  }

  async #restore(file: RunFile, { commit }: Side, done: string): Promise<void> {
    if (this.#changedSince.has(file.path)) return;
    const path = join(this.#context.root, file.path);
    // Git tells nothing of files that it does not know yet: brought back before, or made again.
    if (file.after === null && statIfExists(path) !== null) return;
    const temporaryIn = join(this.#context.root, file.run);
    await this.#attempt(file.path, async () => {
      assertNoLinkBetween(this.#context.root, path);
      if (file.before === null) removeFile(path);
      else {
        const { stdout } = await this.#repository.git(["cat-file", "blob", file.before]);
        ensureDirectory(temporaryIn);
        replaceFile(path, stdout, { temporaryIn, sync: true });
      }
      this.#actions.push({ path: file.path, done: `${done} (${commit.slice(0, 10)})` });
    });
    this.#changedSince = new Set([...this.#changedSince, file.path]);
  }

  /** Runs that are as no parent has them. */
  async sealAnew(): Promise<void> {
    const [first, ...rest] = this.#sides.map(({ merged }) => new Set(merged.map(({ runId }) => runId)));
    for (const runId of first ?? [])
      if (rest.every((touched) => touched.has(runId)))
        await this.#attempt(runId, async () => this.#sealOne(runId));
  }

  async #sealOne(runId: string): Promise<void> {
    const location = findRun(this.#context, runId);
    if (location === null || statIfExists(join(location.directory, MANIFEST)) === null) return;
    assertWritableRun(location);
    if (!isEnded(readRunMeta(location).status)) return;
    const name = `${this.#path === "" ? "" : `${this.#path}/`}${location.path}/${MANIFEST}`;
    if (this.#changedSince.has(`${location.path}/${MANIFEST}`)) return;
    const seals = await this.#seals(name);
    if (seals === null || !differs(seals.parents)) return;
    const united = unitedSeal(location, seals);
    if (isSealOf(location, united)) return;
    replaceManifest(location.directory, united);
    if (sealRun(this.#context, location))
      this.#actions.push({ path: location.path, done: "sealed anew after a merge" });
  }

  /** Null: one of the manifests is not there or cannot be read; `fsck` tells that. */
  async #seals(path: string): Promise<Seals | null> {
    const read = async (commit: string | null): Promise<Uint8Array | null> => {
      if (commit === null) return null;
      const answer = await this.#repository.git(["cat-file", "blob", `${commit}:${path}`], {
        answers: [0, 128],
      });
      return answer.exitCode === 0 ? answer.stdout : null;
    };
    const parents: SealBytes[] = [];
    for (const { commit } of this.#sides) {
      const bytes = await read(commit);
      const manifest = bytes === null ? null : readable(bytes);
      if (bytes === null || manifest === null) return null;
      parents.push({ bytes, manifest });
    }
    return { base: await read(this.#base), parents };
  }

  async #attempt(path: string, call: () => Promise<void>): Promise<void> {
    try {
      await call();
    } catch (error) {
      if (!isRunstoneError(error)) throw error;
      this.#failures.push({ path, reason: error.message });
    }
  }
}

const RUN_FILE = /^((?:\.trash\/)?[^/]+\/([^/]+))\/(.+)$/;
const NO_RUNS = new Set(["tags", "datasets", "traces", "models"]);

function runFile(file: ChangedFile): RunFile[] {
  const [, run = "", runId = "", name = ""] = RUN_FILE.exec(file.path) ?? [];
  return run === "" || run.startsWith("models/") || NO_RUNS.has(runId) ? [] : [{ ...file, run, runId, name }];
}

interface Strayed {
  /** Of a run that `side` alone has: in the merge it is not what `side` has. */
  readonly file: RunFile;
  /** Of a run that `side` deleted, under the same name: `other` had changed it, and in the merge it is gone. */
  readonly from: RunFile;
}

function strayedFiles(side: Side, other: Side): Strayed[] {
  const added = new Set(other.merged.filter(isWholeRun("before")).map(({ runId }) => runId));
  const gone = new Set(other.merged.filter(isWholeRun("after")).map(({ runId }) => runId));
  const lost = other.merged.filter(
    ({ runId, after, path }) => gone.has(runId) && after === null && other.own.has(path),
  );
  const byName = new Map(lost.map((file) => [file.name, file]));
  return side.merged.flatMap((file) => {
    const from = byName.get(file.name);
    // One that is under another path on the other side was moved: there it is the same run.
    const isOwn = added.has(file.runId) && !gone.has(file.runId);
    return isOwn && from !== undefined && from.runId !== file.runId ? [{ file, from }] : [];
  });
}

/** Whether the run appeared (`before`) or went (`after`) as a whole: its meta.yaml says so. */
function isWholeRun(absent: "before" | "after"): (file: RunFile) => boolean {
  return (file) => file.name === "meta.yaml" && file[absent] === null;
}

interface SealBytes {
  readonly bytes: Uint8Array;
  readonly manifest: SealedManifest;
}

interface Seals {
  readonly base: Uint8Array | null;
  readonly parents: readonly SealBytes[];
}

function differs([first, ...rest]: readonly SealBytes[]): boolean {
  return rest.some(({ manifest }) => manifest.sealDigest !== first?.manifest.sealDigest);
}

function readable(bytes: Uint8Array): SealedManifest | null {
  try {
    return parseManifest(bytes, sha256);
  } catch (error) {
    if (!isRunstoneError(error)) throw error;
    return null;
  }
}

/** The lines of all parents; of what a seal protects, the line that holds: the user may have chosen either side in a conflict. */
function unitedSeal({ directory }: RunLocation, { base, parents }: Seals): SealedManifest {
  const [first, ...rest] = parents;
  let bytes = first!.bytes;
  for (const { bytes: theirs } of rest)
    bytes = mergeRecordFile({ kind: "manifest", path: MANIFEST, base, ours: bytes, theirs, sha256 }).bytes;
  const united = parseManifest(bytes, sha256);
  const lines = parents.flatMap(({ manifest }) => manifest.files);
  const files = united.files.map((file) => {
    if (holds(directory, file)) return file;
    return lines.find((line) => line.path === file.path && holds(directory, line)) ?? file;
  });
  return { ...united, complete: false, files };
}

/** Whether the run was sealed since the merge: then the commit has been mended already. */
function isSealOf({ directory }: RunLocation, united: SealedManifest): boolean {
  const bytes = readBytesIfExists(join(directory, MANIFEST), MAX_MANIFEST_BYTES);
  const sealed = bytes === null ? null : readable(bytes);
  if (sealed?.complete !== true) return false;
  const paths = new Set(sealed.files.map(({ path }) => path));
  const wanted = [...united.files.filter(({ kind }) => kind !== "tag"), ...listSealedFiles(directory)];
  return (
    wanted.every(({ path }) => paths.has(path)) &&
    sealed.files.every(
      (file) =>
        file.kind === "artifact" ||
        (holds(directory, file) && statIfExists(join(directory, file.path))?.size === file.size),
    )
  );
}

function holds(directory: string, { path, kind, sha256: hash, size }: ManifestFile): boolean {
  const file = join(directory, path);
  const found = statIfExists(file);
  if (found?.kind !== "file") return false;
  if (kind === "metric" || kind === "link") return found.size >= size && hashPrefix(file, size) === hash;
  return found.size === size && hashFile(file).sha256 === hash;
}
