/** `Artifacts` of a server: through its artifact proxy, or, where it keeps them elsewhere, reading through the server. */
import { dirname, join } from "node:path";
import pLimit from "p-limit";
import {
  assertNoLinkBetween,
  ensureDirectory,
  publishFile,
  removeFile,
  temporaryName,
  writeStream,
} from "../../core/fs/index.js";
import type { ArtifactOwner, Artifacts } from "../../core/interfaces.js";
import { encodePath, parseFileInfo } from "../../protocol/mlflow/index.js";
import {
  type ArtifactEntry,
  checkArtifactPath,
  compareCodePoints,
  isContainedPath,
  isRunstoneError,
  RunstoneError,
} from "../../store-format/index.js";
import type { HttpRequest } from "../http/http-request.js";
import { withoutSecrets } from "../http/target.js";
import type { MlflowApi } from "./api.js";
import { type ArtifactPlace, outOfReach, parseArtifactPlace } from "./artifact-place.js";
import { getLoggedModel } from "./logged-models.js";
import { type ByteRange, readRange } from "./read-range.js";
import { getRun } from "./runs.js";

/** Of a listing with everything below: more is taken for a server that makes directories up. */
const MAX_ENTRIES = 1_000_000;
const MAX_DEPTH = 100;
/** Places known at the same time. */
const MAX_PLACES = 10_000;

export interface ArtifactContent {
  /** Opens the content from its beginning; asked again when a try failed. */
  readonly open: () => AsyncIterable<Uint8Array>;
  /** Bytes; null when it is not known. */
  readonly size: number | null;
}

export class RestArtifacts implements Artifacts {
  readonly #api: MlflowApi;
  readonly #places = new Map<string, ArtifactPlace>();

  constructor(api: MlflowApi) {
    this.#api = api;
  }

  /** Throws REMOTE_FAILED when the server tells of a path that leads out, or of more than can be. */
  async list(
    owner: ArtifactOwner,
    path = "",
    options: { readonly recursive?: boolean } = {},
  ): Promise<readonly ArtifactEntry[]> {
    if (path !== "" && !isContainedPath(path)) throw notAPath(path);
    const place = await this.#place(owner);
    const entries: ArtifactEntry[] = [];
    await this.#collect({ owner, place, path, depth: options.recursive === true ? MAX_DEPTH : 1 }, entries);
    return entries.sort((a, b) => compareCodePoints(a.path, b.path));
  }

  async *read(owner: ArtifactOwner, path: string, range: ByteRange = {}): AsyncIterable<Uint8Array> {
    const { size } = await this.#file(owner, path);
    yield* this.#bytes(owner, path, { size, range });
  }

  /** Nothing is written outside `destination`, whatever names the server gives. */
  async download(owner: ArtifactOwner, path: string, destination: string): Promise<string> {
    const entry = path === "" ? null : await this.#find(owner, path);
    if (entry !== null && !entry.isDir) {
      await this.#copyOut(owner, entry, destination);
      return destination;
    }
    const limit = pLimit(this.#api.settings.connections);
    const below = await this.list(owner, path, { recursive: true });
    const files = below.filter(({ isDir }) => !isDir);
    for (const file of files) assertNoLinkBetween(destination, join(destination, belowTop(file.path, path)));
    await Promise.all(
      files.map((file) =>
        limit(() => this.#copyOut(owner, file, join(destination, belowTop(file.path, path)))),
      ),
    );
    return destination;
  }

  /** A stream can be sent once only: when its connection breaks, that is REMOTE_UNREACHABLE. Files: {@link upload}. */
  async write(owner: ArtifactOwner, path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    let begun = false;
    const once = async function* (): AsyncGenerator<Uint8Array> {
      if (begun)
        throw new RunstoneError(
          "REMOTE_UNREACHABLE",
          `sending the artifact ${path} broke off, and its stream is spent`,
          {
            hint: "Write it again.",
            data: { path },
          },
        );
      begun = true;
      yield* content;
    };
    await this.upload(owner, path, { open: once, size: null });
  }

  /** Sends content that can be opened again. What is there of that path is replaced. */
  async upload(owner: ArtifactOwner, path: string, { open, size }: ArtifactContent): Promise<void> {
    checkArtifactPath(path);
    const place = await this.#place(owner);
    if (place.kind !== "proxy") throw outOfReach(place.uri, "write");
    const request = this.#api.request("uploadArtifact");
    const client = await this.#api.client();
    const upload = { ...request, path: proxyPath(request, place.path, path), content: open, size };
    await client.upload(upload).catch((error: unknown) => {
      throw isRunstoneError(error, "INVALID_PARAMETER_VALUE") ? notTaken(path, error) : error;
    });
  }

  /** Whether artifacts can be written there at all: the location, and why not. */
  async place(owner: ArtifactOwner): Promise<ArtifactPlace> {
    return this.#place(owner);
  }

  /** A location never changes. */
  async #place(owner: ArtifactOwner): Promise<ArtifactPlace> {
    const id = "runId" in owner ? owner.runId : owner.modelId;
    const known = this.#places.get(id);
    if (known !== undefined) return known;
    const uri =
      "runId" in owner
        ? (await getRun(this.#api, id)).info.artifactUri
        : (await getLoggedModel(this.#api, id)).artifactLocation;
    const place = parseArtifactPlace(uri, this.#api.target);
    if (this.#places.size >= MAX_PLACES) this.#places.clear();
    this.#places.set(id, place);
    return place;
  }

  async #collect(level: Level, entries: ArtifactEntry[]): Promise<void> {
    if (level.depth === 0) return;
    const found = await this.#listLevel(level);
    entries.push(...found);
    if (entries.length > MAX_ENTRIES) throw tooMany(level.path);
    for (const { path, isDir } of found)
      if (isDir && level.depth > 1) {
        if (level.depth === 2) throw tooMany(path);
        await this.#collect({ ...level, path, depth: level.depth - 1 }, entries);
      }
  }

  async #listLevel({ owner, place, path }: Level): Promise<readonly ArtifactEntry[]> {
    if (place.kind === "proxy") {
      const at = path === "" ? place.path : `${place.path}/${path}`;
      const answer = await this.#api.call("listProxiedArtifacts", { query: { path: at } });
      const files = answer.list("files").map(parseFileInfo);
      return files.map((entry) => ({ ...entry, path: inside(path, lastName(entry.path)) }));
    }
    if (!("runId" in owner)) throw outOfReach(place.uri, "list");
    const query = { run_id: owner.runId, run_uuid: owner.runId, path: path === "" ? undefined : path };
    const files = (await this.#api.call("listArtifacts", { query })).list("files").map(parseFileInfo);
    // Some stores list a file as what is below it.
    return files
      .filter((entry) => entry.path !== path)
      .map((entry) => ({ ...entry, path: isBelow(entry.path, path) }));
  }

  async #find(owner: ArtifactOwner, path: string): Promise<ArtifactEntry> {
    if (!isContainedPath(path)) throw notAPath(path);
    const slash = path.lastIndexOf("/");
    const siblings = await this.list(owner, slash < 0 ? "" : path.slice(0, slash));
    const found = siblings.find((entry) => entry.path === path);
    if (found !== undefined) return found;
    throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no artifact ${JSON.stringify(path)}`, {
      data: { path },
    });
  }

  async #file(owner: ArtifactOwner, path: string): Promise<ArtifactEntry> {
    const entry = await this.#find(owner, path);
    if (!entry.isDir) return entry;
    throw new RunstoneError("INVALID_PARAMETER_VALUE", `the artifact ${path} is no file`, {
      hint: "List the artifacts below it, or download the directory.",
      data: { path },
    });
  }

  async *#bytes(
    owner: ArtifactOwner,
    path: string,
    { size, range = {} }: { readonly size: number | null; readonly range?: ByteRange },
  ): AsyncGenerator<Uint8Array> {
    const place = await this.#place(owner);
    const request = this.#readRequest(owner, place, path);
    yield* readRange(await this.#api.client(), { request, size, range, what: `the artifact ${path}` });
  }

  #readRequest(owner: ArtifactOwner, place: ArtifactPlace, path: string): HttpRequest {
    if (place.kind === "proxy") {
      const request = this.#api.request("downloadArtifact");
      return { ...request, path: proxyPath(request, place.path, path) };
    }
    if (!("runId" in owner)) throw outOfReach(place.uri, "read");
    return {
      ...this.#api.request("getArtifact"),
      query: { run_id: owner.runId, run_uuid: owner.runId, path },
    };
  }

  /** To the user's own place: an existing file there is replaced, by a complete one. */
  async #copyOut(owner: ArtifactOwner, { path, size }: ArtifactEntry, target: string): Promise<void> {
    ensureDirectory(dirname(target));
    const temporary = join(dirname(target), temporaryName());
    await writeStream(temporary, this.#bytes(owner, path, { size }));
    try {
      publishFile(temporary, target);
    } catch (error) {
      removeFile(temporary);
      throw error;
    }
  }
}

interface Level {
  readonly owner: ArtifactOwner;
  readonly place: ArtifactPlace;
  readonly path: string;
  /** Levels still to be listed. */
  readonly depth: number;
}

/** The location is an address already; what is added to it is not. */
function proxyPath({ path: route }: HttpRequest, base: string, path: string): string {
  const written = base.replace(/[^!-~]|["<>^`{|}]/gu, encodeURIComponent);
  return `${route.slice(0, route.lastIndexOf("/"))}/${written}/${encodePath(path)}`;
}

function belowTop(path: string, top: string): string {
  return top === "" ? path : path.slice(top.length + 1);
}

/** Servers list by base names; some by more. */
function lastName(path: string): string {
  return path.slice(path.replace(/\/+$/, "").lastIndexOf("/") + 1).replace(/\/+$/, "");
}

function inside(directory: string, name: string): string {
  const path = directory === "" ? name : `${directory}/${name}`;
  if (isContainedPath(path)) return path;
  throw hostileName(path);
}

function isBelow(path: string, directory: string): string {
  const direct = directory === "" ? path : path.slice(directory.length + 1);
  const fits = directory === "" || path.startsWith(`${directory}/`);
  if (fits && isContainedPath(path) && !direct.includes("/")) return path;
  throw hostileName(path);
}

function hostileName(path: string): RunstoneError {
  return new RunstoneError(
    "REMOTE_FAILED",
    `the server lists an artifact whose path leads out: ${JSON.stringify(path.slice(0, 200))}`,
    {
      hint: "Nothing was written. Look at the artifacts on the server.",
      data: { path: path.slice(0, 1000) },
    },
  );
}

/** MLflow's check of paths is stricter than ours: `#` is none of its characters. */
function notTaken(path: string, cause: RunstoneError): RunstoneError {
  return new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `the server does not take an artifact called ${JSON.stringify(path)}: ${cause.message}`,
    { hint: "Give it another name.", data: { ...cause.data, path }, cause },
  );
}

function tooMany(path: string): RunstoneError {
  return new RunstoneError(
    "REMOTE_FAILED",
    `the server lists more artifacts than can be, below ${JSON.stringify(path)}`,
    {
      hint: "List one directory at a time.",
      data: { path },
    },
  );
}

function notAPath(path: string): RunstoneError {
  const shown = withoutSecrets(path.slice(0, 200));
  return new RunstoneError("INVALID_PARAMETER_VALUE", `${JSON.stringify(shown)} is no artifact path`, {
    hint: "Give a path relative to the run's artifacts, such as plots/roc.png.",
    data: { path: shown },
  });
}
