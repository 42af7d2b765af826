/** The reading half of a peer over a store in a directory: heads, documents, points, bytes of artifacts. */
import { createHash } from "node:crypto";
import {
  ArtifactHashes,
  findRun,
  listRunHeads,
  openArtifact,
  type RunLocation,
  readRunDocument,
  readRunHead,
  readRunInfo,
  readSeries,
} from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import {
  headLine,
  type ObjectFailure,
  type ObjectPiece,
  type WantedArtifact,
  type WireCheck,
  type WireDocument,
  type WireHead,
  type WirePoints,
} from "../../protocol/index.js";
import { compareCodePoints, isRunId, isRunstoneError, RunstoneError } from "../../store-format/index.js";
import { packPoints } from "./pack-points.js";
import type { About, Heads, SentRun } from "./peer.js";

export class StoreReader {
  readonly context: StoreContext;
  readonly #locations = new Map<string, RunLocation>();
  readonly #hashes = new ArtifactHashes();

  constructor(context: StoreContext) {
    this.context = context;
  }

  heads(known: string | null): Heads {
    const heads: WireHead[] = [];
    this.#locations.clear();
    for (const { runId, experimentId, mark, location } of listRunHeads(this.context)) {
      // In the root and in .trash: the first is the run, as everywhere. A name that is no id cannot travel.
      if (!isRunId(runId) || this.#locations.has(runId)) continue;
      this.#locations.set(runId, location);
      heads.push({ runId, experimentId, mark });
    }
    const digest = digestOf(heads);
    return { exists: true, digest, heads: known !== null && known === digest ? null : heads };
  }

  *check(runIds: readonly string[]): Generator<About<WireCheck>> {
    for (const runId of runIds) yield about(runId, () => this.#check(this.locate(runId)));
  }

  *documents(runIds: readonly string[]): Generator<About<{ readonly document: WireDocument }>> {
    for (const runId of runIds) yield about(runId, () => ({ document: this.document(this.locate(runId)) }));
  }

  *runs(runIds: readonly string[]): Generator<About<SentRun>> {
    for (const runId of runIds)
      yield about(runId, () => {
        const location = this.locate(runId);
        const document = this.document(location);
        return { document, points: this.points(location, document) };
      });
  }

  *artifacts(wanted: readonly WantedArtifact[]): Generator<ObjectPiece | ObjectFailure> {
    for (const artifact of wanted) {
      try {
        yield* this.#pieces(artifact);
      } catch (error) {
        yield { sha256: artifact.sha256, error: asRunstoneError(error) };
      }
    }
  }

  /** Throws RESOURCE_DOES_NOT_EXIST. */
  locate(runId: string): RunLocation {
    const known = this.#locations.get(runId);
    if (known !== undefined) return known;
    const found = findRun(this.context, runId);
    if (found === null)
      throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no run ${runId}`, { data: { runId } });
    this.#locations.set(runId, found);
    return found;
  }

  /** A run that was made, moved, deleted or restored meanwhile is looked for anew. */
  forget(runId: string): void {
    this.#locations.delete(runId);
  }

  document(location: RunLocation): WireDocument {
    return readRunDocument(this.context, location, { hashes: this.#hashes }).document;
  }

  *points(location: RunLocation, { series }: WireDocument): Generator<WirePoints> {
    for (const key of new Set(series.map((one) => one.key)))
      yield* packPoints(key, pointsOf(readSeries(location, key).chunks));
  }

  /** The mark is taken first: what changes while the rest is read shows in the next mark. */
  #check(location: RunLocation): WireCheck {
    const head = readRunHead(this.context, location);
    const info = readRunInfo(location);
    const { runId, runName, status, endTime, lifecycleStage } = info;
    const recordDigest = head?.recordDigest ?? this.document(location).recordDigest;
    return { runId, mark: head?.mark ?? null, recordDigest, runName, status, endTime, lifecycleStage };
  }

  *#pieces(wanted: WantedArtifact): Generator<ObjectPiece> {
    const { runId, path, sha256, size, start } = wanted;
    const file = openArtifact(this.context, this.locate(runId), { path, sha256, size });
    try {
      let at = start;
      for (const data of file.blocks(start, size)) {
        // A block is valid only until the next one, and pieces may wait to be sent.
        yield { sha256, size, start: at, data: data.slice() };
        at += data.length;
      }
      if (start === size) yield { sha256, size, start, data: new Uint8Array(0) };
    } finally {
      file.close();
    }
  }
}

function* pointsOf<Chunk extends { readonly points: readonly Point[] }, Point>(
  chunks: Iterable<Chunk>,
): Generator<readonly Point[]> {
  for (const { points } of chunks) yield points;
}

/** A head without a mark may stand for any state of its run: then no digest is the same as another. */
function digestOf(heads: readonly WireHead[]): string | null {
  if (heads.some(({ mark }) => mark === null)) return null;
  const hash = createHash("sha256");
  const sorted = [...heads].sort((a, b) => compareCodePoints(a.runId, b.runId));
  for (const head of sorted) hash.update(headLine(head));
  return hash.digest("hex");
}

function about<Value>(runId: string, read: () => Value): About<Value> {
  try {
    return { runId, ...read() };
  } catch (error) {
    return { runId, error: asRunstoneError(error) };
  }
}

/** Throws what is none: a bug. */
export function asRunstoneError(error: unknown): RunstoneError {
  if (isRunstoneError(error)) return error;
  throw error;
}
