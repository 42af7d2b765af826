/** Bytes of artifacts that a run here came without, or was freed of, from the counterpart at an MLflow server. */
import type { RunLocation } from "../../core/index.js";
import { type FetchedArtifacts, type FetchOptions, receiveArtifacts } from "../../core/transfer/index.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import { artifactPlace } from "./artifact-place.js";
import { MlflowCalls } from "./calls.js";
import { HttpTransport } from "./http-transport.js";
import { joined } from "./list-remote-artifacts.js";
import type { PushParties } from "./push.js";

export interface FetchFromServerOptions extends Pick<FetchOptions, "isWanted"> {
  readonly signal?: AbortSignal;
}

/**
 * Throws RESOURCE_DOES_NOT_EXIST when the run has no counterpart, UNSUPPORTED when its artifacts cannot be reached, and as
 * `receiveArtifacts`.
 */
export async function fetchFromServer(
  { context, http, state }: PushParties,
  location: RunLocation,
  { isWanted, signal }: FetchFromServerOptions,
): Promise<FetchedArtifacts> {
  const calls = new MlflowCalls(new HttpTransport(http, signal));
  const remoteRunId = state.run(location.runId)?.remoteRunId ?? null;
  const run = remoteRunId === null ? null : await calls.getRun(remoteRunId);
  if (run === null)
    throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `run ${location.runId} is not at ${state.name}`, {
      hint: "Pull first; `runstone status` tells what is there.",
      data: { runId: location.runId },
    });
  const { path: place, reason } = artifactPlace(run.info.artifactUri, http.settings.url);
  if (place === undefined)
    throw new RunstoneError(
      "UNSUPPORTED",
      `artifacts of run ${location.runId} cannot be fetched: ${reason}`,
      {
        data: { runId: location.runId },
      },
    );
  return receiveArtifacts(context, location, {
    source: ({ path }, start) => opened(calls.download(joined(place, path)), start),
    ...(isWanted === undefined ? {} : { isWanted }),
  });
}

/** From `start` on: a server's proxy sends whole files. Null for a file that is not there. */
async function opened(
  all: AsyncIterable<Uint8Array>,
  start: number,
): Promise<AsyncIterable<Uint8Array> | null> {
  const blocks = all[Symbol.asyncIterator]();
  try {
    const first = await blocks.next();
    return rest(first, blocks, start);
  } catch (error) {
    if (isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST")) return null;
    throw error;
  }
}

async function* rest(
  first: IteratorResult<Uint8Array>,
  blocks: AsyncIterator<Uint8Array>,
  start: number,
): AsyncGenerator<Uint8Array> {
  let skip = start;
  try {
    for (let next = first; next.done !== true; next = await blocks.next()) {
      const passed = Math.min(skip, next.value.length);
      skip -= passed;
      if (passed < next.value.length) yield next.value.subarray(passed);
    }
  } finally {
    await blocks.return?.();
  }
}
