/**
 * The work tree as a commit object: `git status` says what differs from HEAD, each such file is read once, looked through
 * for secrets, and those very bytes become its blob. No index is used or written, and Git is started only to be asked.
 */
import { join, resolve } from "node:path";
import pLimit from "p-limit";
import { RunstoneError } from "../../../store-format/index.js";
import { isCredentialFile } from "../../capture/credential-files.js";
import type { Env } from "../../capture/find-program.js";
import {
  CONFIG_ARGUMENTS,
  parseConfigValues,
  readDirtySubmodules,
  readStatus,
  type WorkTreeState,
} from "../../capture/git.js";
import { gitDirectoryOf } from "../../capture/git-directory.js";
import { findSecrets } from "../../capture/secret-rules.js";
import { openRepository, type Repository } from "../repository.js";
import { readHeadCommit } from "../revision.js";
import { type AttributesOf, type FileAttributes, readAttributes } from "./attributes.js";
import { type Change, parseChanges, untracked, type WorkTreeStatus } from "./changes.js";
import { serializeCommit } from "./commit-object.js";
import { convertByGit } from "./conversion.js";
import {
  isStoredHere,
  MAX_HASHED_BYTES,
  MAX_POINTER_BYTES,
  type Pointer,
  parsePointer,
  pointerOf,
  serializePointer,
} from "./large-files.js";
import { LeftOutList, readable } from "./left-out.js";
import { LooseObjects, type ObjectHash, type ObjectType } from "./loose-objects.js";
import { ObjectReader } from "./object-reader.js";
import { type IsOutside, outsideOf } from "./outside.js";
import { findSuspicions, newSecret } from "./secret-scan.js";
import {
  type LfsFile,
  type Snapshot,
  type SnapshotLimits,
  type SubmoduleCommit,
  snapshotOfHead,
} from "./snapshot.js";
import { type TreeEntry, writeTrees } from "./trees.js";
import { listUntracked } from "./untracked-files.js";
import { parentOf, WorkFiles } from "./work-files.js";

export interface BuildOptions {
  /** Any directory of the work tree. */
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Env;
  /** The store's root: its files are no code. */
  readonly storePath?: string | undefined;
  readonly limits: SnapshotLimits;
  /** What a capture was told a moment ago; else Git is asked. */
  readonly work?: WorkTreeState | undefined;
}

/** Files read at once. */
const AT_ONCE = 8;

/** Rejects NO_REPOSITORY, UNSUPPORTED (no Git, or a repository of a kind that is not known), GIT_FAILED, DAMAGED, or the system's error. */
export async function buildSnapshot(options: BuildOptions): Promise<Snapshot> {
  const repository = await openRepository(options);
  const { status, config, dirtySubmodules } = options.work ?? (await askGit(repository, options));
  refuseUnknown(repository, config);
  const told = parseChanges(status);
  const changes = told.changes.length + told.directories.length + dirtySubmodules.length;
  if (told.head !== null && changes === 0) return snapshotOfHead(told.head);
  const builder = new SnapshotBuilder({ options, repository, config, dirtySubmodules, status: told });
  try {
    return await builder.build();
  } finally {
    builder.close();
  }
}

async function askGit(repository: Repository, { storePath, env }: BuildOptions): Promise<WorkTreeState> {
  const { root } = repository;
  const [status, config, dirtySubmodules] = await Promise.all([
    readStatus(async (args) => (await repository.git(args)).stdout.toString("latin1"), root, storePath),
    repository.text(CONFIG_ARGUMENTS, { answers: [0, 1] }),
    readDirtySubmodules(root, { cwd: root, env }),
  ]);
  return { status, config: parseConfigValues(config), dirtySubmodules };
}

function refuseUnknown(repository: Repository, config: ReadonlyMap<string, string>): void {
  const worktree = config.get("core.worktree");
  const isElsewhere = worktree !== undefined && join(repository.root) !== absoluteOf(repository, worktree);
  if (!isElsewhere && !config.has("extensions.compatobjectformat")) return;
  throw new RunstoneError(
    "UNSUPPORTED",
    isElsewhere
      ? "the repository's work tree is elsewhere (core.worktree)"
      : "the repository has objects of two formats (extensions.compatObjectFormat)",
  );
}

function absoluteOf({ gitDir }: Repository, path: string): string {
  return resolve(gitDir, path);
}

interface BuilderOptions {
  readonly options: BuildOptions;
  readonly repository: Repository;
  readonly config: ReadonlyMap<string, string>;
  readonly status: WorkTreeStatus;
  readonly dirtySubmodules: readonly string[];
}

class SnapshotBuilder {
  readonly #options: BuildOptions;
  readonly #repository: Repository;
  readonly #config: ReadonlyMap<string, string>;
  readonly #status: WorkTreeStatus;
  readonly #files: WorkFiles;
  readonly #reader: ObjectReader;
  readonly #objects: LooseObjects;
  readonly #leftOut = new LeftOutList();
  readonly #entries = new Map<string, TreeEntry | null>();
  readonly #submodules: SubmoduleCommit[] = [];
  readonly #lfs: LfsFile[] = [];
  #attributes: AttributesOf = () => ({ filter: null, text: false, ident: false, encoding: false });
  readonly #isPartial: boolean;
  #bytes = 0;
  #untracked = 0;
  #hashed = 0;

  constructor({ options, repository, config, status, dirtySubmodules }: BuilderOptions) {
    for (const path of dirtySubmodules)
      this.#leftOut.add(Buffer.from(path, "utf8").toString("latin1"), "submodule");
    this.#options = options;
    this.#repository = repository;
    this.#config = config;
    this.#status = status;
    this.#files = new WorkFiles(repository.root);
    this.#reader = new ObjectReader(repository);
    this.#isPartial = [...config.keys()].some((key) => /^extensions\.partialclone$|\.promisor$/.test(key));
    this.#objects = new LooseObjects(join(repository.commonDir, "objects"), this.#hash());
  }

  close(): void {
    this.#reader.close();
  }

  #hash(): ObjectHash {
    const { head } = this.#status;
    const format = head === null ? this.#config.get("extensions.objectformat") : undefined;
    return head?.length === 64 || format?.toLowerCase() === "sha256" ? "sha256" : "sha1";
  }

  async build(): Promise<Snapshot> {
    this.#reader.warm();
    const { head } = this.#status;
    const base = head === null ? null : this.#treeOf(head);
    base?.catch(() => {}); // told where it is awaited
    const changes = await this.#allChanges();
    this.#attributes = await readAttributes(
      { repository: this.#repository, env: this.#options.env, files: this.#files, config: this.#config },
      changes.flatMap(({ kind, path }) => (kind === "deleted" || kind === "submodule" ? [] : [path])),
    );
    // In Git's order, so that the limits always leave out the same files.
    const wanted = changes.filter((change) => this.#isWanted(change));
    await this.#takeAll(wanted);
    return this.#finish(await base);
  }

  async #treeOf(commit: string): Promise<string> {
    const tree = await this.#reader.read(`${commit}^{tree}`);
    if (tree !== null) return tree.oid;
    throw new RunstoneError("DAMAGED", `the tree of commit ${commit} is not in the repository`, {
      hint: "git fsck names what is missing.",
      data: { oid: commit },
    });
  }

  async #allChanges(): Promise<readonly Change[]> {
    const { changes, directories } = this.#status;
    // Of a directory in the place of a tracked file Git tells nothing.
    const inPlace = changes.filter(({ kind, path }) => kind === "deleted" && this.#files.isReal(path));
    const looked = [...directories, ...inPlace.map(({ path }) => `${path}/`)];
    const { names, isCut } = await listUntracked(this.#repository, looked);
    if (isCut) this.#leftOut.add("", "count");
    const isOutside = this.#outside();
    return [...changes, ...names.map(untracked)].filter(({ path }) => !isOutside(path));
  }

  #outside(): IsOutside {
    return outsideOf(this.#repository.root, this.#options.storePath);
  }

  /** Decides by name and size. */
  #isWanted(change: Change): boolean {
    const { path, kind } = change;
    if (kind === "submodule") return true;
    if (kind === "deleted") {
      this.#entries.set(path, null);
      return false;
    }
    if (path.endsWith("/")) return this.#leave(change, "repository");
    const size = this.#files.look(path)?.size;
    const about = size === undefined ? {} : { size };
    if (isCredentialFile(path)) return this.#leave(change, "credential-file", about);
    const rule = secretInName(path);
    if (rule !== null) {
      this.#leftOut.add(`${parentOf(path)}/[redacted:${rule}]`.replace(/^\//, ""), "secret", {
        ...about,
        rule,
      });
      return false;
    }
    return this.#fits(change, size ?? 0);
  }

  #fits(change: Change, size: number): boolean {
    const { maxFileBytes, maxFiles, maxBytes } = this.#options.limits;
    const { filter } = this.#attributes(change.path);
    const isUntracked = change.kind === "untracked";
    if (isUntracked && this.#untracked >= maxFiles) return this.#leave(change, "count", { size });
    if (filter === "lfs") {
      this.#hashed += size;
      if (this.#hashed > MAX_HASHED_BYTES) return this.#leave(change, "size", { size });
    } else {
      if (filter !== null && this.#hasDriver(filter) && !isHarmlessFilter(filter, change.path))
        return this.#leave(change, "filter", { size, rule: filter });
      if (size > maxFileBytes) return this.#leave(change, "size", { size });
      if (this.#bytes + size > maxBytes) return this.#leave(change, "total", { size });
      this.#bytes += size;
    }
    if (isUntracked) this.#untracked += 1;
    return true;
  }

  #hasDriver(filter: string): boolean {
    const key = (what: string): string => `filter.${filter}.${what}`;
    return this.#config.has(key("clean")) || this.#config.has(key("process"));
  }

  #leave({ path }: Change, ...why: LeaveWhy): false {
    this.#leftOut.add(path, ...why);
    return false;
  }

  async #takeAll(changes: readonly Change[]): Promise<void> {
    const limit = pLimit(AT_ONCE);
    const toConvert: Change[] = [];
    await Promise.all(
      changes.map((change) =>
        limit(async () => {
          if (change.kind === "submodule") await this.#takeSubmodule(change);
          else if (this.#attributes(change.path).filter === "lfs") await this.#takeLargeFile(change);
          else if (!(await this.#takeFile(change))) toConvert.push(change);
        }),
      ),
    );
    if (toConvert.length > 0) await this.#takeConverted(toConvert);
  }

  async #takeSubmodule(change: Change): Promise<void> {
    const { path, indexOid, moved } = change;
    const commit = moved ? await this.#checkedOut(path) : indexOid;
    if (commit === null) {
      this.#leave(change, "submodule");
      return;
    }
    this.#entries.set(path, { mode: "160000", oid: commit });
    this.#submodules.push({ path: readable(path), commit });
  }

  async #checkedOut(path: string): Promise<string | null> {
    const root = join(this.#repository.root, Buffer.from(path, "latin1").toString("utf8"));
    if (!this.#files.isReal(path) || gitDirectoryOf(root) === null) return null;
    return readHeadCommit(await openRepository({ cwd: root, env: this.#options.env }));
  }

  /** False: Git has to say what its bytes are. */
  async #takeFile(change: Change): Promise<boolean> {
    const { path } = change;
    const read = await this.#read(change);
    if (typeof read === "string") this.#leave(change, read);
    else if (read.isStored || !mayConvert(this.#attributes(path), read.bytes))
      await this.#keep(change, { mode: read.mode, bytes: read.bytes });
    else return false;
    return true;
  }

  async #read(change: Change): Promise<ReadFile | "unreadable" | "size"> {
    const { path, kind } = change;
    if (kind === "staged") {
      const stored = await this.#stored(change.indexOid);
      if (stored !== null) return { bytes: stored, mode: change.mode ?? "100644", isStored: true };
    }
    const file = this.#files.look(path);
    if (file === null || file.kind === "other") return "unreadable";
    try {
      const bytes = await this.#files.read(path, this.#options.limits.maxFileBytes);
      if (bytes === null) return "size";
      const isLink = file.kind === "link";
      return { bytes, mode: isLink ? "120000" : this.#modeOf(change, file.executable), isStored: isLink };
    } catch {
      return "unreadable"; // the list says so
    }
  }

  async #stored(oid: string | null): Promise<Buffer | null> {
    if (oid === null) return null;
    try {
      const object = await this.#reader.read(oid);
      return object?.type === "blob" ? object.body : null;
    } catch {
      return null; // a partial clone: the file itself is read
    }
  }

  /** Of a tracked file as Git sees it, which knows about file systems without modes or links. */
  #modeOf({ mode }: Change, executable: boolean): string {
    if (mode === "100644" || mode === "100755" || mode === "120000") return mode;
    return executable && this.#config.get("core.filemode") !== "false" ? "100755" : "100644";
  }

  async #takeConverted(changes: readonly Change[]): Promise<void> {
    const filters = changes.flatMap(({ path }) => this.#attributes(path).filter ?? []);
    const converted = await convertByGit(this.#repository, { changes, filters: new Set(filters) });
    for (const change of changes) {
      const bytes = converted.get(change.path);
      const executable = this.#files.look(change.path)?.executable === true;
      if (bytes === undefined) this.#leave(change, "unreadable");
      else if (bytes.length > this.#options.limits.maxFileBytes) this.#leave(change, "size");
      else await this.#keep(change, { mode: this.#modeOf(change, executable), bytes });
    }
  }

  async #takeLargeFile(change: Change): Promise<void> {
    const { path, kind } = change;
    const file = this.#files.look(path);
    const stored = kind === "staged" ? await this.#stored(change.indexOid) : null;
    if (stored === null && (file === null || file.kind !== "file")) {
      if (!(await this.#takeFile(change))) this.#leave(change, "unreadable");
      return;
    }
    try {
      const small =
        stored ?? (file!.size < MAX_POINTER_BYTES ? await this.#files.read(path, MAX_POINTER_BYTES) : null);
      const pointer =
        (small === null ? null : parsePointer(small)) ??
        (stored === null ? await pointerOf(this.#files, path) : null);
      // As Git LFS does with it: an empty file stays one.
      if (pointer === null || pointer.size === 0)
        await this.#keep(change, { mode: change.mode ?? "100644", bytes: stored ?? Buffer.alloc(0) });
      else await this.#keepPointer(change, pointer, small ?? serializePointer(pointer));
    } catch {
      this.#leave(change, "unreadable");
    }
  }

  async #keepPointer(change: Change, pointer: Pointer, bytes: Buffer): Promise<void> {
    const executable = this.#files.look(change.path)?.executable === true;
    const text = parsePointer(bytes) === null ? serializePointer(pointer) : bytes;
    const oid = await this.#keep(change, { mode: this.#modeOf(change, executable), bytes: text });
    if (oid === null || oid === change.headOid) return;
    const stored = isStoredHere(this.#repository, pointer);
    this.#lfs.push({ path: readable(change.path), ...pointer, stored });
    if (!stored) this.#leave(change, "lfs", { size: pointer.size });
  }

  /** The blob's id; null when it must stay out. */
  async #keep(change: Change, { mode, bytes }: Content): Promise<string | null> {
    const { path } = change;
    const oid = this.#objects.oidOf("blob", bytes);
    if (oid === change.headOid) {
      this.#entries.set(path, { mode, oid });
      return oid;
    }
    const rule = await this.#secretIn(change, bytes);
    if (rule !== null) {
      this.#leave(change, "secret", { size: bytes.length, rule });
      return null;
    }
    await this.#write("blob", bytes);
    this.#entries.set(path, { mode, oid });
    return oid;
  }

  /** Writes what the repository does not have; to ask a partial clone might fetch. */
  async #write(type: ObjectType, body: Buffer): Promise<string> {
    const oid = this.#objects.oidOf(type, body);
    if (this.#isPartial || !(await this.#reader.has(oid))) await this.#objects.write(oid, type, body);
    return oid;
  }

  async #secretIn({ path, headOid }: Change, bytes: Buffer): Promise<string | null> {
    const suspicions = findSuspicions(bytes, path);
    return suspicions.length === 0 ? null : newSecret(suspicions, await this.#stored(headOid));
  }

  async #finish(base: string | null): Promise<Snapshot> {
    const { head } = this.#status;
    const write = (body: Buffer): Promise<string> => this.#write("tree", body);
    const tree = await writeTrees({ write, reader: this.#reader }, base, this.#entries);
    return {
      commit: tree === base && head !== null ? head : await this.#writeCommit(tree),
      complete: this.#leftOut.count === 0,
      leftOut: this.#leftOut.listed,
      leftOutCount: this.#leftOut.count,
      submodules: this.#submodules,
      lfs: this.#lfs,
    };
  }

  async #writeCommit(tree: string): Promise<string> {
    const { env } = this.#options;
    const content = { tree, parent: this.#status.head, config: this.#config, env, now: new Date() };
    return this.#write("commit", serializeCommit(content));
  }
}

type LeaveWhy = LeftOutList["add"] extends (path: string, ...why: infer Why) => void ? Why : never;

interface Content {
  readonly mode: string;
  readonly bytes: Buffer;
}

interface ReadFile extends Content {
  /** These are the bytes of the object: nothing is to be converted. */
  readonly isStored: boolean;
}

/** Filters that make notebooks smaller; without them the snapshot has what ran. Others may decrypt. */
function isHarmlessFilter(filter: string, path: string): boolean {
  return path.endsWith(".ipynb") || /nbstripout|nbdev|jupyter|notebook|ipynb/i.test(filter);
}

/** The rule of a token in a name, also behind a dash, where in a text no token begins. */
function secretInName(path: string): string | null {
  const words = path.split("/").flatMap((name) => [name, ...tailsOf(name)]);
  const spans = words.flatMap((word) => findSecrets(word));
  return spans.find(({ rule }) => rule !== "named_value")?.rule ?? null;
}

function tailsOf(name: string): readonly string[] {
  return Array.from(name.matchAll(/[-_.]/g), ({ index }) => name.slice(index + 1));
}

function mayConvert({ text, ident, encoding }: FileAttributes, bytes: Buffer): boolean {
  return encoding || (ident && bytes.includes("$Id")) || (text && bytes.includes("\r\n"));
}
