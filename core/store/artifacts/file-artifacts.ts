/** `Artifacts` over run and model directories. */
import { dirname, join } from "node:path";
import { type ArtifactEntry, RunstoneError } from "../../../store-format/index.js";
import { copyHashed, ensureDirectory, PendingSync, removeFile, statIfExists } from "../../fs/index.js";
import type { ArtifactOwner, Artifacts } from "../../interfaces.js";
import type { StoreContext } from "../context.js";
import {
  artifactFile,
  artifactPath,
  type LoggedModelLocation,
  listArtifacts,
  mustFindLoggedModel,
  type RunLocation,
  readArtifact,
  resolveArtifactDirectory,
} from "../read/index.js";
import { locateRun } from "../runs/change-run.js";
import { resealAfterEdit } from "../runs/seal.js";
import { writable } from "../writable.js";
import { writeArtifactStream } from "./write-artifact.js";

export class FileArtifacts implements Artifacts {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  async list(
    owner: ArtifactOwner,
    path = "",
    options: { readonly recursive?: boolean } = {},
  ): Promise<readonly ArtifactEntry[]> {
    const directory = this.#find(owner);
    return directory === null ? [] : listArtifacts(directory, path, options.recursive === true);
  }

  async *read(
    owner: ArtifactOwner,
    path: string,
    range: { readonly start?: number; readonly end?: number } = {},
  ): AsyncIterable<Uint8Array> {
    // Copied: a block is valid only until the next one, and a consumer may keep it.
    for (const block of readArtifact(this.#directory(owner, path), path, range)) yield block.slice();
  }

  async download(owner: ArtifactOwner, path: string, destination: string): Promise<string> {
    const directory = this.#directory(owner, path);
    if (path !== "" && statIfExists(artifactPath(directory, path))?.kind === "file") {
      copyOut(artifactFile(directory, path).path, destination);
      return destination;
    }
    for (const entry of listArtifacts(directory, path, true))
      if (!entry.isDir)
        copyOut(artifactFile(directory, entry.path).path, join(destination, below(entry.path, path)));
    return destination;
  }

  async write(owner: ArtifactOwner, path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    writable(this.#context);
    const { directory } = this.#locate(owner);
    const written = await writeArtifactStream(directory, path, content);
    // There is no writer to be flushed.
    const pending = new PendingSync();
    pending.add(written, directory);
    pending.flush();
    if ("runId" in owner) resealAfterEdit(this.#context, locateRun(this.#context, owner.runId));
  }

  #locate(owner: ArtifactOwner): RunLocation | LoggedModelLocation {
    if ("runId" in owner) return locateRun(this.#context, owner.runId);
    return mustFindLoggedModel(this.#context, owner.modelId);
  }

  #find(owner: ArtifactOwner): string | null {
    return resolveArtifactDirectory(this.#context, this.#locate(owner));
  }

  #directory(owner: ArtifactOwner, path: string): string {
    const directory = this.#find(owner);
    if (directory !== null) return directory;
    throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no artifact ${JSON.stringify(path)}`, {
      hint: "Its owner has no artifact directory here.",
      data: { path },
    });
  }
}

function below(path: string, top: string): string {
  return top === "" ? path : path.slice(top.length + 1);
}

/** To the user's own place: an existing file there is replaced. */
function copyOut(source: string, target: string): void {
  ensureDirectory(dirname(target));
  removeFile(target);
  copyHashed(source, target);
}
