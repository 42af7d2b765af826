/** Where the former state of what adopting replaces or moves is kept: `.runstone/adopted/<time>/`, by its path in the store. */
import { dirname, join } from "node:path";
import { RunstoneError } from "../../store-format/index.js";
import {
  assertNoLinkBetween,
  createFile,
  ensureDirectory,
  moveDirectory,
  moveFile,
  statIfExists,
  syncDirectory,
} from "../fs/index.js";
import { WORKSPACE_DIRECTORY } from "../workspace/find-workspace.js";

export const ADOPTED = "adopted";

export interface KeptPlace {
  readonly root: string;
  readonly workspace: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export class KeptFiles {
  /** Absolute. */
  readonly directory: string;
  readonly #root: string;
  readonly #workspace: string;

  constructor({ root, workspace, now }: KeptPlace) {
    const time = new Date(now).toISOString().replace(/[-:.]/g, "");
    this.directory = join(workspace, WORKSPACE_DIRECTORY, ADOPTED, time);
    this.#root = root;
    this.#workspace = workspace;
  }

  /** Keeps the bytes of a file that is about to be replaced; durable when it returns. */
  keep(path: string, bytes: Uint8Array): void {
    const to = this.#place(path);
    if (createFile(to, bytes, { temporaryIn: dirname(to), sync: true })) return;
    throw new RunstoneError("RESOURCE_ALREADY_EXISTS", `${to} is there already`, {
      hint: "Another adopt is at work; repeat it.",
      data: { path: to },
    });
  }

  /** Moves a file or directory out of the store. */
  move(path: string): void {
    const from = join(this.#root, path);
    const to = this.#place(path);
    if (statIfExists(from)?.kind === "directory") moveDirectory(this.#root, from, to);
    else moveFile(from, to);
    syncDirectory(dirname(to));
    syncDirectory(dirname(from));
  }

  /** With its parents made. */
  #place(path: string): string {
    assertNoLinkBetween(this.#root, join(this.#root, path));
    const to = join(this.directory, path);
    assertNoLinkBetween(this.#workspace, to);
    ensureDirectory(dirname(to), true);
    return to;
  }
}
