/**
 * Runs in a body, many one after another (PROTOCOL.md, section 6): each is an item with its document, items with points of
 * its series in their order, items with bytes of its artifacts in theirs, and an item that ends it.
 */
import { type DatasetRef, POINT_RECORD_BYTES, type RunstoneError } from "../../store-format/index.js";
import { errorHeader, parseError } from "./error-frame.js";
import { type Item, serializeItem } from "./items.js";
import { asObject, type JsonObject, Members, protocolError } from "./json.js";
import { MAX_ITEM_DATA_BYTES } from "./limits.js";
import {
  documentValue,
  modelIdOf,
  parseDatasetRef,
  parseDocument,
  type WireDocument,
} from "./run-document.js";

/** Records of points in one item. */
export const MAX_ITEM_POINTS = Math.floor(MAX_ITEM_DATA_BYTES / POINT_RECORD_BYTES);

/** Points of one key that belong to the same dataset and logged model, in file order. */
export interface WirePoints {
  readonly key: string;
  readonly dataset?: DatasetRef;
  readonly modelId?: string;
  /** Packed: 24 bytes a point (SPEC.md, R-record-3). */
  readonly records: Uint8Array;
}

export type RunPart =
  | { readonly kind: "run"; readonly document: WireDocument; readonly options: JsonObject }
  | ({ readonly kind: "points" } & WirePoints)
  | ({ readonly kind: "bytes" } & WireBytes)
  /** The sender could not read an artifact that it began with, or meant to send. */
  | { readonly kind: "failure"; readonly artifact: number; readonly error: RunstoneError }
  | { readonly kind: "end" };

/** Bytes of an artifact from `start` on. One item without bytes stands for an artifact that has none, or none left. */
export interface WireBytes {
  /** Which one of the document's artifacts. */
  readonly artifact: number;
  readonly start: number;
  readonly data: Uint8Array;
}

/** `options`: what a method says about a run beside its document. */
export function serializeRun(document: WireDocument, options: JsonObject = {}): Uint8Array {
  return serializeItem({ ...options, run: documentValue(document) });
}

/** Throws RangeError for more than {@link MAX_ITEM_POINTS}. */
export function serializePoints({ key, dataset, modelId, records }: WirePoints): Uint8Array {
  return serializeItem({ points: key, dataset, modelId }, records);
}

export function serializeBytes({ artifact, start, data }: WireBytes): Uint8Array {
  return serializeItem({ artifact, start }, data);
}

export function serializeArtifactFailure(artifact: number, error: RunstoneError): Uint8Array {
  return serializeItem({ artifact, error: errorHeader(error) });
}

export function serializeRunEnd(): Uint8Array {
  return serializeItem({ end: true });
}

/** Throws REMOTE_FAILED for an item that is no part of a run. */
export function parseRunPart({ head, data }: Item): RunPart {
  const members = new Members(head, "part");
  if (members.has("run")) {
    const { run, ...options } = asObject(head, "part");
    return { kind: "run", document: parseDocument(run), options };
  }
  if (members.has("points")) return pointsOf(members, data);
  if (members.has("artifact")) return bytesOf(members, data);
  if (members.has("end")) return { kind: "end" };
  throw protocolError("an item that is no part of a run");
}

function bytesOf(members: Members, data: Uint8Array): RunPart {
  const artifact = members.size("artifact");
  if (!members.has("error")) return { kind: "bytes", artifact, start: members.size("start"), data };
  return { kind: "failure", artifact, error: parseError(asObject(members.raw("error"), "error")) };
}

function pointsOf(members: Members, records: Uint8Array): RunPart {
  if (records.length % POINT_RECORD_BYTES !== 0) throw protocolError("points that end within one");
  return {
    kind: "points",
    key: members.text("points"),
    ...(members.has("dataset") ? { dataset: parseDatasetRef(members.object("dataset")) } : {}),
    ...(members.has("modelId") ? { modelId: modelIdOf(members) } : {}),
    records,
  };
}
