/**
 * Writing artifacts into a run (or model) directory. An artifact appears complete by rename; the temporary lies in the
 * owner's directory, outside `artifacts/`. Symbolic links inside `artifacts/` are never followed.
 */
import { dirname, join } from "node:path";
import { checkArtifactPath, RunstoneError } from "../../../store-format/index.js";
import {
  assertNoLinkBetween,
  copyHashed,
  ensureDirectoryBelow,
  type HashedFile,
  publishFile,
  removeFile,
  statIfExists,
  temporaryName,
  writeStream,
  writeTemporary,
} from "../../fs/index.js";

/** Copies (clones where possible) a local file to `artifacts/<path>`; returns the path written and what was hashed on the way. */
export function writeArtifactFile(owner: string, path: string, source: string): WrittenArtifact {
  const target = artifactTarget(owner, path);
  const temporary = join(owner, temporaryName());
  const file = copyHashed(source, temporary);
  try {
    return { path: publish(temporary, target), ...file };
  } catch (error) {
    removeFile(temporary);
    throw error;
  }
}

export interface WrittenArtifact extends HashedFile {
  /** Absolute. */
  readonly path: string;
}

/** Writes bytes to `artifacts/<path>`; returns the path written. */
export function writeArtifactBytes(owner: string, path: string, bytes: Uint8Array): string {
  const target = artifactTarget(owner, path);
  const temporary = join(owner, temporaryName());
  try {
    writeTemporary(temporary, bytes);
    return publish(temporary, target);
  } catch (error) {
    removeFile(temporary);
    throw error;
  }
}

/** Writes a stream to `artifacts/<path>` in flat memory; nothing appears when the stream fails. */
export async function writeArtifactStream(
  owner: string,
  path: string,
  content: AsyncIterable<Uint8Array>,
): Promise<string> {
  const target = artifactTarget(owner, path);
  const temporary = join(owner, temporaryName());
  try {
    await writeStream(temporary, content);
    return publish(temporary, target);
  } catch (error) {
    removeFile(temporary);
    throw error;
  }
}

/** `temporary` lies in the owner's directory, which is not made again when it was moved away. */
function publish(temporary: string, target: string): string {
  ensureDirectoryBelow(dirname(temporary), dirname(target));
  publishFile(temporary, target);
  return target;
}

/** The file of an artifact path; throws INVALID_PARAMETER_VALUE for a path that leaves the directory or breaks the layout. */
function artifactTarget(owner: string, path: string): string {
  checkArtifactPath(path);
  const top = join(owner, "artifacts");
  assertNoLinkBetween(owner, join(top, path));
  let at = top;
  for (const part of path.split("/").slice(0, -1)) {
    at = join(at, part);
    const found = statIfExists(at);
    if (found === null) break;
    if (found.kind !== "directory") throw inTheWay(path, at, "is no directory");
  }
  const target = join(top, path);
  const found = statIfExists(target);
  if (found !== null && found.kind !== "file") throw inTheWay(path, target, "is no plain file");
  return target;
}

function inTheWay(path: string, at: string, what: string): RunstoneError {
  return new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `cannot write the artifact ${JSON.stringify(path)}: ${at} ${what}`,
    {
      hint: "Choose another path, or move what is in the way.",
      data: { path: at },
    },
  );
}
