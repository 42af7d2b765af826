/** Files on their way through the server's artifact proxy: several at once, streamed, hashed as they go. */
import { createHash } from "node:crypto";
import type { LimitFunction } from "p-limit";
import type { OpenBytes } from "../../core/transfer/index.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import type { Moved } from "../engine/progress.js";
import type { MlflowCalls } from "./calls.js";
import { isMissingEndpoint, isRefusal } from "./failures.js";

export interface OutgoingFile {
  /** Relative to the run's artifacts. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  open(): OpenBytes;
}

export interface ArtifactTarget {
  readonly calls: MlflowCalls;
  /** The run's artifacts below the proxy's root. */
  readonly place: string;
  /** How many are sent at once, over all runs. */
  readonly limit: LimitFunction;
  readonly signal: AbortSignal | undefined;
  moved(moved: Moved): void;
  /** A file that the server takes never. */
  refuse(what: "artifact", path: string, error: RunstoneError): void;
  /** One sentence on what cannot be there for another reason. */
  except(sentence: string): void;
}

/** Returns path -> SHA-256 of what was sent; the rest was told to `refuse` or `except`. Throws when the server fails. */
export async function sendArtifacts(
  target: ArtifactTarget,
  files: readonly OutgoingFile[],
): Promise<Readonly<Record<string, string>>> {
  const sent: Record<string, string> = Object.create(null);
  await Promise.all(
    files.map((file) =>
      target.limit(async () => {
        if (target.signal?.aborted) throw stopped(file.path);
        if (await sendFile(target, file)) sent[file.path] = file.sha256;
      }),
    ),
  );
  return sent;
}

async function sendFile(target: ArtifactTarget, file: OutgoingFile): Promise<boolean> {
  try {
    await target.calls.upload({
      path: `${target.place}/${file.path}`,
      size: file.size,
      content: () => contentOf(file),
    });
  } catch (error) {
    // Bytes that are not here, or not what they were, cannot be sent.
    if (isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST") || isRunstoneError(error, "DAMAGED"))
      target.except(`The artifact '${file.path}' is not there: ${error.message}.`);
    else if (error instanceof RunstoneError && (isRefusal(error) || isMissingEndpoint(error)))
      target.refuse("artifact", file.path, error);
    else throw error;
    return false;
  }
  target.moved({ artifacts: 1, bytes: file.size });
  return true;
}

async function* contentOf(file: OutgoingFile): AsyncGenerator<Uint8Array> {
  const opened = file.open();
  const hash = createHash("sha256");
  let left = file.size;
  try {
    for (const block of opened.blocks(0, file.size)) {
      hash.update(block);
      left -= block.length;
      // The last block only goes out when all is what it was said to be: else the request stays incomplete.
      if (left <= 0 && hash.digest("hex") !== file.sha256) throw changed(file.path);
      yield block.slice();
    }
    if (left > 0) throw changed(file.path);
  } finally {
    opened.close();
  }
}

function changed(path: string): RunstoneError {
  return new RunstoneError("DAMAGED", `the artifact '${path}' changed while it was sent`, {
    hint: "Push again when nothing writes it any more.",
    data: { path },
  });
}

function stopped(path: string): RunstoneError {
  return new RunstoneError("REMOTE_UNREACHABLE", `stopped before the artifact '${path}' was sent`);
}
