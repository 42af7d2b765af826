/** Artifacts there against what is here: their sizes by listing, their bytes where they are read back. */
import { createHash } from "node:crypto";
import type { ArtifactHead } from "../../core/transfer/index.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import type { MlflowCalls } from "./calls.js";

/** `none`: sizes only; `small`: reads back those of up to {@link SMALL_BYTES}; `all`: reads back everything. */
export type HashChoice = "none" | "small" | "all";

export const SMALL_BYTES = 1_048_576;

export interface ExpectedArtifacts {
  /** Below the root of the artifact proxy. */
  readonly place: string;
  readonly artifacts: readonly ArtifactHead[];
}

export interface ArtifactProblem {
  readonly path: string;
  readonly problem: string;
}

export interface VerifiedArtifacts {
  readonly problems: readonly ArtifactProblem[];
  /** How many were read back and had the right bytes. */
  readonly hashed: number;
  /** Paths of those that were compared by size alone. */
  readonly bySize: readonly string[];
}

export async function verifyArtifacts(
  calls: MlflowCalls,
  { place, artifacts }: ExpectedArtifacts,
  { hash }: { readonly hash: HashChoice },
): Promise<VerifiedArtifacts> {
  const problems: ArtifactProblem[] = [];
  const bySize: string[] = [];
  let hashed = 0;
  const sizes = new Map<string, number | null>();
  for (const directory of new Set(artifacts.map(({ path }) => directoryOf(path))))
    for (const { path, size, isDir } of await calls.listArtifacts(joined(place, directory)))
      if (!isDir) sizes.set(joined(directory, baseName(path)), size);
  for (const artifact of artifacts) {
    const problem = sizeProblem(artifact, sizes.get(artifact.path));
    if (problem !== null) problems.push({ path: artifact.path, problem });
    else {
      const found = isHashed(artifact, hash)
        ? await hashThere(calls, joined(place, artifact.path), artifact.size)
        : NOT_SERVED;
      if (found === NOT_SERVED) bySize.push(artifact.path);
      else if (found === artifact.sha256) hashed += 1;
      else problems.push({ path: artifact.path, problem: "has other bytes" });
    }
  }
  return { problems, hashed, bySize };
}

function isHashed({ size }: ArtifactHead, hash: HashChoice): boolean {
  return hash === "all" || (hash === "small" && size <= SMALL_BYTES);
}

function sizeProblem({ size }: ArtifactHead, found: number | null | undefined): string | null {
  if (found === undefined) return "is missing";
  return found === size ? null : `has ${found} bytes, not ${size}`;
}

/** Bytes that the server does not give back. */
export const NOT_SERVED: unique symbol = Symbol("not served");

/** Null when it is not there. Throws REMOTE_FAILED for an answer of another size than listed: that is not the artifact. */
export async function hashThere(
  calls: MlflowCalls,
  path: string,
  size: number,
): Promise<string | null | typeof NOT_SERVED> {
  const isServed = isLatin1(path);
  const hash = createHash("sha256");
  let read = 0;
  try {
    for await (const block of calls.download(path, isServed)) {
      hash.update(block);
      read += block.length;
      if (read > size) break;
    }
  } catch (error) {
    if (isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST")) return null;
    if (isRunstoneError(error, "REMOTE_UNREACHABLE") && !isServed) return NOT_SERVED;
    throw error;
  }
  if (read !== size) throw otherSize(path, size);
  return hash.digest("hex");
}

/** A gateway's page, or an artifact that is being written. */
function otherSize(path: string, size: number): RunstoneError {
  return new RunstoneError(
    "REMOTE_FAILED",
    `the artifact ${JSON.stringify(path)} has ${size} bytes by the server's listing, but others came`,
    { hint: "Verify again.", data: { path, size } },
  );
}

/** MLflow 2 hangs up instead of sending a file of another name, because it puts the name into a header. */
function isLatin1(path: string): boolean {
  return Buffer.from(path, "latin1").toString("latin1") === path;
}

function directoryOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end < 0 ? "" : path.slice(0, end);
}

/** Servers tell base names; one that tells more is understood. */
function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function joined(directory: string, path: string): string {
  if (directory === "") return path;
  return path === "" ? directory : `${directory}/${path}`;
}
