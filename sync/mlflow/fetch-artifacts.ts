/** Bytes of artifacts that a run here came without, or was freed of, from the counterpart at an MLflow server. */
import type { RunLocation } from "../../core/index.js";
import {
  type ArtifactHead,
  absentArtifacts,
  type FetchedArtifacts,
  type FetchOptions,
  receiveArtifacts,
} from "../../core/transfer/index.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import { artifactPlace } from "./artifact-place.js";
import { MlflowCalls } from "./calls.js";
import type { ForeseeParties } from "./foresee-pull.js";
import { HttpTransport } from "./http-transport.js";
import { joined, listRemoteArtifacts } from "./list-remote-artifacts.js";

export interface FetchFromServerOptions extends Pick<FetchOptions, "isWanted"> {
  readonly signal?: AbortSignal;
}

/**
 * Throws RESOURCE_DOES_NOT_EXIST when the run has no counterpart, UNSUPPORTED when its artifacts cannot be reached, and as
 * `receiveArtifacts`.
 */
export async function fetchFromServer(
  parties: ForeseeParties,
  location: RunLocation,
  { isWanted, signal }: FetchFromServerOptions,
): Promise<FetchedArtifacts> {
  const { calls, place } = await artifactsThere(parties, location, signal);
  return receiveArtifacts(parties.context, location, {
    source: ({ path }, start) => opened(calls.download(joined(place, path)), start),
    ...(isWanted === undefined ? {} : { isWanted }),
  });
}

/** What {@link fetchFromServer} would bring: what the server lists with the right size. Writes nothing. Throws as it does. */
export async function foreseeFetchFromServer(
  parties: ForeseeParties,
  location: RunLocation,
  { isWanted = () => true, signal }: FetchFromServerOptions,
): Promise<FetchedArtifacts> {
  const wanted = absentArtifacts(parties.context, location).filter(isWanted);
  if (wanted.length === 0) return { received: [], missing: [] };
  const { calls, place } = await artifactsThere(parties, location, signal);
  const sizes = new Map((await listRemoteArtifacts(calls, place)).map(({ path, size }) => [path, size]));
  const isThere = ({ path, size }: ArtifactHead): boolean => sizes.get(path) === size;
  return { received: wanted.filter(isThere), missing: wanted.filter((head) => !isThere(head)) };
}

async function artifactsThere(
  { http, state }: ForeseeParties,
  { runId }: RunLocation,
  signal: AbortSignal | undefined,
): Promise<{ readonly calls: MlflowCalls; readonly place: string }> {
  const calls = new MlflowCalls(new HttpTransport(http, signal));
  const remoteRunId = state.run(runId)?.remoteRunId ?? null;
  const run = remoteRunId === null ? null : await calls.getRun(remoteRunId);
  if (run === null)
    throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `run ${runId} is not at ${state.name}`, {
      hint: "Pull first; `runstone status` tells what is there.",
      data: { runId },
    });
  const { path: place, reason } = artifactPlace(run.info.artifactUri, http.settings.url);
  if (place !== undefined) return { calls, place };
  throw new RunstoneError("UNSUPPORTED", `artifacts of run ${runId} cannot be fetched: ${reason}`, {
    data: { runId },
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
