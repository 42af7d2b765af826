/** The changes of one adoption: gathered first, then made, each by itself. */
import { dirname, join } from "node:path";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import { assertNoLinkBetween, createFile, readBytes, replaceFile, statIfExists } from "../fs/index.js";
import { WORKSPACE_DIRECTORY } from "../workspace/find-workspace.js";
import type { AdoptChange, LeftAlone } from "./change.js";
import { KeptFiles, type KeptPlace } from "./kept-files.js";

/** Metric files of some ten million points are still read whole. */
const MAX_BYTES = 1 << 30;

interface Edit {
  readonly before: Uint8Array;
  after: Uint8Array;
  readonly changes: AdoptChange[];
}

interface Step {
  readonly change: AdoptChange;
  act(): void;
}

export class Adoption {
  readonly root: string;
  readonly failures: { readonly path: string; readonly reason: string }[] = [];
  readonly leftAlone: LeftAlone[] = [];
  /** What {@link apply} did. */
  readonly done: AdoptChange[] = [];
  readonly #kept: KeptFiles;
  readonly #temporaryIn: string;
  readonly #steps: Step[] = [];
  readonly #edits = new Map<string, Edit>();
  /** Directories above {@link #edits}. */
  readonly #editedBelow = new Set<string>();
  readonly #moved = new Set<string>();
  readonly #left = new Set<string>();

  constructor(place: KeptPlace) {
    this.root = place.root;
    this.#kept = new KeptFiles(place);
    this.#temporaryIn = join(place.workspace, WORKSPACE_DIRECTORY);
  }

  get keptIn(): string {
    return this.#kept.directory;
  }

  /** A step of another part, by its own means. */
  plan(change: Omit<AdoptChange, "kept">, act: () => unknown): void {
    this.#steps.push({ change: { ...change, kept: false }, act });
  }

  /** A file as it will be. Throws typed errors. */
  bytesOf(path: string): Uint8Array {
    return this.pendingBytes(path) ?? readBytes(join(this.root, path), MAX_BYTES);
  }

  /** A file as it will be; null when nothing changes it. */
  pendingBytes(path: string): Uint8Array | null {
    return this.#edits.get(path)?.after ?? null;
  }

  /** Replaces a file. Further edits of it build on `after`. */
  edit(path: string, after: Uint8Array, { what, why }: Pick<AdoptChange, "what" | "why">): void {
    const edit = this.#edits.get(path) ?? this.#newEdit(path);
    edit.after = after;
    edit.changes.push({ path, what, why, kept: true });
  }

  #newEdit(path: string): Edit {
    const before = this.bytesOf(path);
    const edit: Edit = { before, after: before, changes: [] };
    this.#edits.set(path, edit);
    for (const above of directoriesAbove(path)) this.#editedBelow.add(above);
    return edit;
  }

  /** Makes a file that is not there. */
  create(path: string, bytes: Uint8Array, { what, why }: Pick<AdoptChange, "what" | "why">): void {
    this.plan({ path, what, why }, () => {
      assertNoLinkBetween(this.root, join(this.root, path));
      createFile(join(this.root, path), bytes, { temporaryIn: dirname(join(this.root, path)), sync: true });
    });
  }

  /** Takes a file or directory out of the store. */
  moveOut(path: string, why: string): void {
    if (this.isChanged(path)) return;
    this.#moved.add(path);
    const change = { path, what: "taken out of the store", why, kept: true };
    this.#steps.push({ change, act: () => this.#kept.move(path) });
  }

  leave(path: string, reason: string, hint = ""): void {
    const key = `${path}\0${reason}`;
    if (this.#left.has(key)) return;
    this.#left.add(key);
    this.leftAlone.push({ path, reason, hint });
  }

  /** Whether a file is edited or taken out, itself or with a directory above it. */
  isChanged(path: string): boolean {
    if (this.#edits.has(path)) return true;
    return this.#moved.has(path) || directoriesAbove(path).some((above) => this.#moved.has(above));
  }

  /** Whether a file below this directory is edited. */
  isEditedBelow(path: string): boolean {
    return this.#editedBelow.has(path);
  }

  get planned(): readonly AdoptChange[] {
    return [
      ...this.#steps.map(({ change }) => change),
      ...[...this.#edits.values()].flatMap(({ changes }) => changes),
    ];
  }

  /** Makes every change; what fails is told and leaves the others alone. */
  apply(): void {
    for (const { change, act } of this.#steps)
      this.attempt(change.path, () => {
        act();
        this.done.push(change);
      });
    for (const [path, edit] of this.#edits)
      this.attempt(path, () => {
        this.#replace(path, edit);
        this.done.push(...edit.changes);
      });
  }

  /** False: it failed, which is told. */
  attempt(path: string, call: () => void): boolean {
    try {
      call();
      return true;
    } catch (error) {
      if (!isRunstoneError(error)) throw error;
      this.failures.push({ path, reason: error.message });
      return false;
    }
  }

  #replace(path: string, { before, after }: Edit): void {
    const file = join(this.root, path);
    this.#kept.keep(path, before);
    if (
      statIfExists(file)?.size !== before.length ||
      Buffer.compare(readBytes(file, MAX_BYTES), before) !== 0
    )
      throw new RunstoneError("INVALID_STATE", `${path} was changed meanwhile`, {
        hint: "Something writes into this run: adopt it when that has ended.",
        data: { path },
      });
    replaceFile(file, after, { temporaryIn: this.#temporaryIn, sync: true });
  }
}

/** `a/b` and `a` of `a/b/c`. */
function directoriesAbove(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join("/"));
}
