/**
 * Runs in a body, many one after another (PROTOCOL.md, section 6): each is an item with its document, items with points of
 * its series, and an item that ends it. `putRuns` sends them, `getRuns` answers with them.
 */
import { type DatasetRef, POINT_RECORD_BYTES } from "../../store-format/index.js";
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
  | { readonly kind: "end" };

/** `options`: what a method says about a run beside its document. */
export function serializeRun(document: WireDocument, options: JsonObject = {}): Uint8Array {
  return serializeItem({ ...options, run: documentValue(document) });
}

/** Throws RangeError for more than {@link MAX_ITEM_POINTS}. */
export function serializePoints({ key, dataset, modelId, records }: WirePoints): Uint8Array {
  return serializeItem({ points: key, dataset, modelId }, records);
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
  if (members.has("end")) return { kind: "end" };
  throw protocolError("an item that is no part of a run");
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
