/** The reading half of a peer over a store in a directory: heads, checks, offers. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { statIfExists } from "../../core/fs/index.js";
import {
  findLoggedModel,
  findRun,
  type RunLocation,
  readManifest,
  readRunInfo,
  verifyRun,
} from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import {
  type ArtifactBytes,
  ArtifactHashes,
  type ArtifactHead,
  digestOfSeal,
  listRunHeads,
  loggedModelBytes,
  type OfferedRun,
  offerRun,
  openArtifact,
  readRunDocument,
  readRunHead,
} from "../../core/transfer/index.js";
import { headLine, type WireCheck, type WireHead } from "../../protocol/index.js";
import {
  compareCodePoints,
  isModelId,
  isRunId,
  isRunstoneError,
  RunstoneError,
  type SealedManifest,
} from "../../store-format/index.js";
import { experimentNames } from "../mlflow/experiment-names.js";
import type { About, CheckOptions, Heads, Offer, OfferOptions } from "./peer.js";

export class StoreReader {
  readonly context: StoreContext;
  readonly #locations = new Map<string, RunLocation>();
  readonly #hashes = new ArtifactHashes();
  readonly #names = experimentNames();

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
    return answerOf(heads, known);
  }

  *check(
    runIds: readonly string[],
    { deep = false, brief = false }: CheckOptions,
  ): Generator<About<WireCheck>> {
    for (const runId of runIds)
      yield about(runId, () => {
        const location = this.locate(runId);
        if (brief) return this.#brief(location);
        const check = this.#check(location);
        if (deep) this.#assertIntact(location);
        return check;
      });
  }

  *offers(runIds: readonly string[], { artifacts }: OfferOptions): Generator<About<Offer>> {
    const hashes = this.#hashes;
    for (const runId of runIds)
      yield about(runId, () => {
        const offered = offerRun(this.context, this.locate(runId), { artifacts, hashes });
        return { run: offered.run, notes: notesOn(offered) };
      });
  }

  /** A file that is what the head says: hashed here, or by who receives it. Of a logged model by its id. */
  artifact(runId: string, head: ArtifactHead, start = 0): ArtifactBytes {
    if (isModelId(runId) && findLoggedModel(this.context, runId) !== null)
      return loggedModelBytes(this.context, runId, head, start);
    const bytes = openArtifact(this.context, this.locate(runId), head);
    bytes.close();
    return { file: bytes.path };
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

  #brief(location: RunLocation): WireCheck {
    const { runId, runName, status, endTime, lifecycleStage, experimentId } = readRunInfo(location);
    const experimentName = this.#names.nameOf(location);
    const meta = { runName, status, endTime, lifecycleStage, experimentId, experimentName };
    return { runId, mark: null, recordDigest: "", ...meta, absent: 0 };
  }

  /** The mark is taken first: what changes while the rest is read shows in the next mark. */
  #check(location: RunLocation): WireCheck {
    const head = readRunHead(this.context, location);
    const manifest = readableManifest(location);
    const { runId, runName, status, endTime, lifecycleStage, experimentId } = readRunInfo(location);
    return {
      runId,
      mark: head?.mark ?? null,
      recordDigest: digestOfSeal(location.directory, manifest) ?? this.#readDigest(location),
      ...{ runName, status, endTime, lifecycleStage, experimentId },
      experimentName: this.#names.nameOf(location),
      absent: countAbsent(location, manifest),
    };
  }

  /** Throws DAMAGED naming the first damage. */
  #assertIntact(location: RunLocation): void {
    const found = verifyRun(this.context, location).damages.filter(({ severity }) => severity === "lost");
    const [first] = found;
    if (first === undefined) return;
    const more = found.length > 1 ? `, and ${found.length - 1} more` : "";
    throw new RunstoneError(
      "DAMAGED",
      `run ${location.runId} is damaged there: ${first.path}: ${first.reason}${more}`,
      {
        hint: "Run fsck on that store; what is intact here can be pushed again once the damaged files are away.",
        data: { runId: location.runId, path: first.path },
      },
    );
  }

  #readDigest(location: RunLocation): string {
    return readRunDocument(this.context, location, { hashes: this.#hashes }).document.recordDigest;
  }
}

/** The digest is worked out when somebody asks for it. */
function answerOf(heads: readonly WireHead[], known: string | null): Heads {
  let digest: string | null | undefined;
  const digestNow = (): string | null => {
    if (digest === undefined) digest = digestOf(heads);
    return digest;
  };
  return {
    exists: true,
    get digest() {
      return digestNow();
    },
    heads: known !== null && known === digestNow() ? null : heads,
  };
}

/** A head without a mark may stand for any state of its run: then no digest is the same as another. */
function digestOf(heads: readonly WireHead[]): string | null {
  if (heads.some(({ mark }) => mark === null)) return null;
  const hash = createHash("sha256");
  const sorted = [...heads].sort((a, b) => compareCodePoints(a.runId, b.runId));
  for (const head of sorted) hash.update(headLine(head));
  return hash.digest("hex");
}

/** Null also for one that cannot be read: then nothing is known but what the files say. */
function readableManifest({ directory }: RunLocation): SealedManifest | null {
  try {
    return readManifest(directory);
  } catch (error) {
    if (isRunstoneError(error)) return null;
    throw error;
  }
}

/** Artifacts that the seal names and that are not in the run. */
function countAbsent({ directory }: RunLocation, manifest: SealedManifest | null): number {
  const artifacts = (manifest?.files ?? []).filter(({ kind }) => kind === "artifact");
  return artifacts.filter(({ path }) => statIfExists(join(directory, path)) === null).length;
}

function notesOn({ damages, changing }: OfferedRun): string[] {
  return [
    ...damages.map(({ path, reason }) => `${path}: ${reason}`),
    ...changing.map((path) => `artifacts/${path} was being written and is left out`),
  ];
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
