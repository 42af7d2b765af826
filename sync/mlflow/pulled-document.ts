/** A run there as the document that the store here takes, with what cannot be kept left out and named. */
import { newHasher } from "../../core/store/runs/point-set.js";
import type { ArtifactHead, RunDocument, SeriesHead } from "../../core/transfer/index.js";
import {
  checkKey,
  type DatasetInput,
  encodeText,
  isRunstoneError,
  type KeyKind,
  type ModelOutput,
  RecordDigestBuilder,
  type Run,
  type RunInputs,
  type StringMap,
} from "../../store-format/index.js";
import type { PulledTexts } from "./pulled-texts.js";

export interface DocumentParts {
  readonly run: Run;
  /** Id here. */
  readonly runId: string;
  readonly experimentName: string;
  readonly texts: PulledTexts;
  readonly series: readonly SeriesHead[];
  readonly inputs: RunInputs;
  readonly outputs: readonly ModelOutput[];
  readonly artifacts: readonly ArtifactHead[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function pulledDocument(parts: DocumentParts): RunDocument {
  const { run, runId, experimentName, texts, series, inputs, outputs, artifacts, now } = parts;
  const { params, tags, runName } = texts;
  const deletedTime = run.info.lifecycleStage === "deleted" ? now : null;
  const info = { ...run.info, runId, runName, experimentId: "", artifactUri: "", deletedTime };
  const document = { info, experimentName, params, tags, series, inputs, outputs, artifacts };
  return { ...document, recordDigest: digestOf(document) };
}

function digestOf(document: Omit<RunDocument, "recordDigest">): string {
  const builder = new RecordDigestBuilder(newHasher);
  for (const [key, value] of Object.entries(document.params)) builder.param(key, encodeText(value));
  for (const [key, value] of Object.entries(document.tags)) builder.tag(key, encodeText(value));
  for (const series of document.series) builder.series(series.key, series, series.dataset);
  for (const { dataset, tags } of document.inputs.datasetInputs) builder.datasetInput(dataset, tags);
  for (const { modelId } of document.inputs.modelInputs) builder.modelInput(modelId);
  for (const { modelId, step } of document.outputs) builder.output(modelId, step);
  for (const { path, sha256 } of document.artifacts) builder.artifact(path, sha256);
  return builder.digestHex();
}

/**
 * The keys that can be files here, in order. `refuse` is told of the others: a server takes both `loss` and `loss/val`, files
 * do not.
 */
export function keysThatFit(
  keys: Iterable<string>,
  kind: KeyKind,
  refuse: (key: string, reason: string) => void,
): readonly string[] {
  const kept = new Set<string>();
  for (const key of [...keys].sort()) {
    const problem = keyProblem(key, kind) ?? pathProblem(key, kept);
    if (problem === null) kept.add(key);
    else refuse(key, problem);
  }
  return [...kept];
}

function keyProblem(key: string, kind: KeyKind): string | null {
  try {
    checkKey(key, kind);
    return null;
  } catch (error) {
    if (isRunstoneError(error)) return error.message;
    throw error;
  }
}

/** A key that would lie below the file of another one. */
function pathProblem(key: string, kept: ReadonlySet<string>): string | null {
  for (let end = key.lastIndexOf("/"); end > 0; end = key.lastIndexOf("/", end - 1))
    if (kept.has(key.slice(0, end))) return `'${key.slice(0, end)}' is a file here, and no directory`;
  return null;
}

export function only(map: StringMap, keys: readonly string[]): StringMap {
  const kept: Record<string, string> = Object.create(null);
  for (const key of keys) kept[key] = map[key]!;
  return kept;
}

/** Each dataset once. Of one that is here (by name and digest), what is here: a server keeps the first it was told of. */
export function datasetsAsHere(
  theirs: readonly DatasetInput[],
  mine: readonly DatasetInput[],
): readonly DatasetInput[] {
  const found = new Map(mine.map((input) => [identityOf(input), input]));
  const all = new Map<string, DatasetInput>();
  for (const input of theirs) {
    const identity = identityOf(input);
    const own = found.get(identity);
    const { dataset, tags } = all.get(identity) ?? own ?? input;
    all.set(identity, { dataset, tags: { ...input.tags, ...tags } });
  }
  return [...all.values()];
}

export function identityOf({ dataset }: DatasetInput): string {
  return JSON.stringify([dataset.name, dataset.digest]);
}
