/**
 * A run from elsewhere. It is built complete in the building site, with its points, artifacts and seal, and appears by one
 * rename: nobody ever sees half of it, and a crash leaves only what gc clears, and the parts of large artifacts.
 */
import { join } from "node:path";
import {
  type Damage,
  encodeText,
  keyToPath,
  RunstoneError,
  type StringMap,
  serializeRunMeta,
} from "../../store-format/index.js";
import {
  discardPlace,
  ensureDirectory,
  type HashedFile,
  newPlace,
  type Published,
  publishTogether,
  putObjectFileLater,
  statIfExists,
  syncTree,
  writeNewFile,
} from "../fs/index.js";
import { artifactLocation } from "../store/artifact-location.js";
import type { StoreContext } from "../store/context.js";
import { datasetFiles, inputAndOutputFiles, type RecordFile, writeDataset } from "../store/datasets/index.js";
import { assertNoTwins } from "../store/key-files.js";
import { MANIFEST, META, objectsPath } from "../store/layout.js";
import { THROW_UNREADABLE } from "../store/read/damages.js";
import { findExperiment } from "../store/read/experiments.js";
import type { ExperimentLocation, RunLocation } from "../store/read/located.js";
import { findRun, runIn } from "../store/read/runs.js";
import { LIVE_GITIGNORE } from "../store/runs/create-run.js";
import { isEnded } from "../store/runs/finish-run.js";
import { digestRecord, readWrittenRecord, type WrittenRecord } from "../store/runs/record-digest.js";
import { valueBytes } from "../store/runs/run-files.js";
import { absentManifest, type KnownFile, type KnownHashes, sealDraft, sha256 } from "../store/runs/seal.js";
import { writable } from "../store/writable.js";
import { checkReceived, newInputsOf } from "./check-received.js";
import { isListedAs, nameFolding } from "./name-folding.js";
import { type ArtifactSource, dropParts, RESUMED_FROM_BYTES, receiveArtifact } from "./receive-artifact.js";
import { type PointSource, receivePoints } from "./receive-points.js";
import { receivingExperiment } from "./receiving-experiment.js";
import type { ArtifactHead, RunDocument } from "./run-document.js";
import type { SealedMetrics } from "./sealed-metrics.js";

/** A run of another store: its document, and where the rest of it is to be had. */
export interface ReceivedRun {
  readonly document: RunDocument;
  readonly points: PointSource;
  /** Metric files that hold the points, where they are on this machine. */
  readonly metrics?: SealedMetrics;
  readonly artifact: ArtifactSource;
  /** Of the run's experiment, should it have to be made here. */
  readonly experimentTags?: StringMap;
  /** The document lacks what is damaged at its store: nothing is taken as removed because it is not in it. */
  readonly incomplete?: boolean;
}

export interface ReceiveOptions {
  /** The experiment here. Default: the one of the document's name, created when there is none. */
  readonly experimentId?: string;
  /** Artifacts of this size (bytes) and more are gone on with after a break. Default {@link RESUMED_FROM_BYTES}. */
  readonly resumedFromBytes?: number;
}

export interface ReceivedLocation {
  readonly location: RunLocation;
  /** False: a run of this id is here, merge into it. */
  readonly created: boolean;
  /** Of a run that was created: of how many artifacts no bytes came. */
  readonly absent: number;
}

/**
 * Takes a run that is not here yet. Its id, times, user, status and life cycle are kept; it is sealed if it has ended.
 * Throws INVALID_PARAMETER_VALUE for what cannot be kept (nothing was written), INVALID_STATE when its experiment is deleted
 * here, DAMAGED and REMOTE_FAILED when what came is not what the document says, typed I/O errors, and what the sources throw.
 */
export async function receiveRun(
  context: StoreContext,
  received: ReceivedRun,
  options: ReceiveOptions = {},
): Promise<ReceivedLocation> {
  const begun = await buildRun(context, received, options);
  if (!("built" in begun)) return begun;
  const [published] = await publishRuns(context, [begun]);
  if ("error" in published!) throw published.error;
  return published!;
}

/** A run in the building site: complete, and on its way to the disk. {@link publishRuns} lets it appear. */
export interface BuiltRun {
  /** Where it will be. */
  readonly location: RunLocation;
  readonly document: RunDocument;
  /** As in {@link ReceivedLocation}. */
  readonly absent: number;
  readonly place: string;
  readonly built: string;
  /** Never rejected: what kept it from being durable. */
  readonly durable: Promise<{ readonly error?: unknown }>;
}

/**
 * The first half of {@link receiveRun}: everything is read of the sources. The run itself is not visible yet. Give each one
 * that was built to {@link publishRuns}, or its place in the building site stays.
 */
export async function buildRun(
  context: StoreContext,
  received: ReceivedRun,
  options: ReceiveOptions = {},
): Promise<BuiltRun | ReceivedLocation> {
  const { document } = received;
  writable(context);
  checkReceived(document);
  const found = findExact(context, document.info.runId);
  if (found !== null) return { location: found, created: false, absent: 0 };
  const experiment = experimentOf(context, received, options);
  const location = runIn(experiment, document.info.runId);
  const place = newPlace(context.root);
  try {
    const draft = new Draft(context, received, {
      location: runIn({ ...experiment, directory: place }, location.runId),
      resumedFromBytes: options.resumedFromBytes ?? RESUMED_FROM_BYTES,
    });
    const absent = await draft.build();
    // Before the run that names them. The experiment keeps those it has.
    for (const { dataset } of document.inputs.datasetInputs)
      writeDataset(context, experiment.directory, dataset);
    const durable = syncTree(draft.directory).then(
      () => ({}),
      (error: unknown) => ({ error }),
    );
    return { location, document, absent, place, built: draft.directory, durable };
  } catch (error) {
    discardPlace(context.root, place);
    throw error;
  }
}

export type PublishedRun = ReceivedLocation | { readonly error: unknown };

/**
 * Lets runs appear that were built, when their files are durable, and gives a result for each once that is durable, too. What
 * fails of one run fails that run. Nothing is left in the building site.
 */
export async function publishRuns(
  context: StoreContext,
  runs: readonly BuiltRun[],
): Promise<readonly PublishedRun[]> {
  const states = await Promise.all(runs.map(({ durable }) => durable));
  const durable = runs.filter((_run, at) => states[at]!.error === undefined);
  const published = await publishTogether(
    durable.map(({ built, location: { directory } }) => ({ built, final: directory })),
  );
  return runs.map((run, at) => {
    const { error } = states[at]!;
    return cleanedUp(context, run, error === undefined ? published[durable.indexOf(run)]! : { error });
  });
}

function cleanedUp(context: StoreContext, run: BuiltRun, published: Published): PublishedRun {
  const { location, absent, document } = run;
  try {
    discardPlace(context.root, run.place);
    if ("error" in published) return published;
    dropParts(context, document.artifacts);
    return { location, created: published.created, absent };
  } catch (error) {
    return "error" in published ? published : { error };
  }
}

/** On a file system that folds names, another run may answer to this one's id. */
function findExact(context: StoreContext, runId: string): RunLocation | null {
  const found = findRun(context, runId);
  if (found === null || isListedAs(found.directory)) return found;
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `run ${runId} cannot be kept beside another of that name`,
    {
      hint: "The ids differ in case or Unicode form only, and this file system takes them for one.",
      data: { runId, path: found.path },
    },
  );
}

function experimentOf(
  context: StoreContext,
  { document, experimentTags }: ReceivedRun,
  options: ReceiveOptions,
): ExperimentLocation {
  const experimentId =
    options.experimentId ??
    receivingExperiment(context, {
      name: document.experimentName,
      ...(experimentTags === undefined ? {} : { tags: experimentTags }),
    });
  const found = findExperiment(context, experimentId);
  if (found !== null && found.place === "root") return found;
  throw new RunstoneError("INVALID_STATE", `experiment ${experimentId} is not there, or deleted`, {
    hint: "See `runstone experiments --view all`.",
    data: { experimentId },
  });
}

const OBJECTS_AT_ONCE = 16;

interface KnownArtifact extends KnownFile {
  /** Below `artifacts/`. */
  readonly path: string;
}

/** All of them end before the first failure is told: what they work in is removed then. */
async function settled<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(work);
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

class Draft {
  readonly directory: string;
  readonly #context: StoreContext;
  readonly #received: ReceivedRun;
  readonly #document: RunDocument;
  /** The place in the building site stands for the experiment: it holds the datasets of the run. */
  readonly #location: RunLocation;
  readonly #place: string;

  readonly #resumedFromBytes: number;
  /** Files of the record that were written, by path relative to the run. */
  readonly #written = new Map<string, HashedFile>();
  /** Their bytes by key. */
  readonly #params = new Map<string, Uint8Array>();
  readonly #tags = new Map<string, Uint8Array>();

  constructor(
    context: StoreContext,
    received: ReceivedRun,
    { location, resumedFromBytes }: { readonly location: RunLocation; readonly resumedFromBytes: number },
  ) {
    this.#resumedFromBytes = resumedFromBytes;
    this.#context = context;
    this.#received = received;
    this.#document = received.document;
    this.#location = location;
    this.directory = location.directory;
    this.#place = join(location.directory, "..");
  }

  /** Of how many artifacts no bytes came. */
  async build(): Promise<number> {
    this.#assertNoTwins();
    for (const folder of ["metrics", "params", "tags", "artifacts"])
      ensureDirectory(join(this.directory, folder));
    this.#writeRecords();
    const points = await receivePoints(this.directory, this.#document, this.#received);
    for (const [path, file] of points.files) this.#written.set(path, file);
    const { here, absent } = await this.#receiveArtifacts();
    const digest = this.#digest(points.series);
    this.#writeMeta();
    if (this.#isEnded()) this.#seal(await this.#putObjects(here), absent, digest);
    else this.#writeLive(absent, digest);
    return absent.length;
  }

  #assertNoTwins(): void {
    const { params, tags, series, artifacts } = this.#document;
    const folds = nameFolding(this.#place);
    assertNoTwins("params", Object.keys(params).map(keyToPath), folds);
    assertNoTwins("tags", Object.keys(tags).map(keyToPath), folds);
    assertNoTwins("metrics", [...new Set(series.map(({ key }) => keyToPath(key)))], folds);
    assertNoTwins(
      "artifacts",
      artifacts.map(({ path }) => path),
      folds,
    );
  }

  #writeRecords(): void {
    const { info, params, tags, outputs } = this.#document;
    for (const [key, value] of Object.entries(params))
      this.#writeRecord(this.#params, `params/${keyToPath(key)}`, valueBytes("param", key, value));
    for (const [key, value] of Object.entries(tags))
      this.#writeRecord(this.#tags, `tags/${keyToPath(key)}`, valueBytes("tag", key, value));
    const inputs = newInputsOf(this.#document);
    for (const { path, text } of lastOfPath(inputAndOutputFiles(info.runId, inputs, outputs)))
      this.#write(path, encodeText(text));
    for (const { path, text } of lastOfPath(datasetFiles(inputs)))
      writeNewFile(join(this.#place, path), encodeText(text), false);
  }

  #writeRecord(records: Map<string, Uint8Array>, path: string, bytes: Uint8Array): void {
    this.#write(path, bytes);
    records.set(path.slice(path.indexOf("/") + 1), bytes);
  }

  #write(path: string, bytes: Uint8Array): void {
    writeNewFile(join(this.directory, path), bytes, false);
    this.#written.set(path, { sha256: sha256(bytes), size: bytes.length });
  }

  #seal(here: readonly KnownArtifact[], absent: readonly ArtifactHead[], recordDigest: string): void {
    const known: KnownHashes = new Map(here.map((one) => [`artifacts/${one.path}`, one]));
    sealDraft(this.#context, this.#location, { known, absent, recordDigest, written: this.#written });
  }

  async #receiveArtifacts(): Promise<{ readonly here: KnownArtifact[]; readonly absent: ArtifactHead[] }> {
    const here: KnownArtifact[] = [];
    const absent: ArtifactHead[] = [];
    for (const head of this.#document.artifacts) {
      const target = join(this.directory, "artifacts", head.path);
      const way = { source: this.#received.artifact, target, resumedFromBytes: this.#resumedFromBytes };
      const isHere = await receiveArtifact(this.#context, head, way);
      const mtimeNs = isHere ? statIfExists(target)?.mtimeNs : undefined;
      if (mtimeNs === undefined) absent.push(head);
      else here.push({ path: head.path, sha256: head.sha256, size: head.size, mtimeNs });
    }
    return { here, absent };
  }

  /** Before the seal names them; at once, as each waits for the disk. Hard links are left to the seal. */
  async #putObjects(artifacts: readonly KnownArtifact[]): Promise<readonly KnownArtifact[]> {
    const objects = objectsPath(this.#context);
    if (objects === null || this.#context.artifactPolicy.hardLinks) return artifacts;
    const known: KnownArtifact[] = [];
    for (let at = 0; at < artifacts.length; at += OBJECTS_AT_ONCE) {
      const some = artifacts.slice(at, at + OBJECTS_AT_ONCE);
      known.push(...(await settled(some.map((artifact) => this.#putObject(objects, artifact)))));
    }
    return known;
  }

  async #putObject(objects: string, artifact: KnownArtifact): Promise<KnownArtifact> {
    const { objectCopyMaxBytes } = this.#context.artifactPolicy;
    const path = join(this.directory, "artifacts", artifact.path);
    const put = await putObjectFileLater(objects, path, { copy: artifact.size <= objectCopyMaxBytes });
    if (put === null) return { ...artifact, content: "home" };
    if (put.repaired) this.#context.warn(`object ${put.sha256} was damaged and has been replaced`);
    return put.sha256 === artifact.sha256 ? { ...artifact, content: "object" } : artifact;
  }

  /** Of what was written. A run that goes on may have got more points than its document says. */
  #digest(series: WrittenRecord["series"]): string {
    const damages: Damage[] = [];
    const written = { params: this.#params, tags: this.#tags, series };
    const record = readWrittenRecord(this.#location, written, (damage) => {
      THROW_UNREADABLE(damage);
      damages.push(damage);
    });
    const digest = digestRecord(record, this.#document.artifacts);
    const isFixed = this.#isEnded() && this.#received.incomplete !== true;
    const isEqual = digest === this.#document.recordDigest || !isFixed;
    if (isEqual && damages.length === 0) return digest;
    const why = damages[0]?.reason ?? `its record digest is ${digest}, not ${this.#document.recordDigest}`;
    throw new RunstoneError(
      "REMOTE_FAILED",
      `run ${this.#location.runId} is not what its document says: ${why}`,
      {
        hint: "It may have changed while it was sent: repeat. Nothing of it was kept.",
        data: { runId: this.#location.runId, expected: this.#document.recordDigest, found: digest },
      },
    );
  }

  #isEnded(): boolean {
    return isEnded(this.#document.info.status);
  }

  #writeMeta(): void {
    const { info } = this.#document;
    const { experimentId, runId } = this.#location;
    const policy = this.#isEnded() ? this.#context.locations : "absolute";
    const meta = serializeRunMeta({
      ...info,
      experimentId,
      artifactUri: artifactLocation(this.#context, policy, experimentId, runId, "artifacts"),
    });
    this.#write(META, encodeText(meta));
  }

  #writeLive(absent: readonly ArtifactHead[], digest: string): void {
    writeNewFile(join(this.directory, ".gitignore"), encodeText(LIVE_GITIGNORE), false);
    if (absent.length === 0) return;
    const bytes = absentManifest(this.#context, absent, digest);
    writeNewFile(join(this.directory, MANIFEST), bytes, false);
  }
}

function lastOfPath(files: readonly RecordFile[]): Iterable<RecordFile> {
  return new Map(files.map((file) => [file.path, file])).values();
}
