/** Which params and tags a run there lacks, and which are in conflict with those here. */
import type { RunDocument } from "../../core/transfer/index.js";
import type { Run, StringMap } from "../../store-format/index.js";
import { mergeTags } from "../engine/merge-tags.js";
import type { RunState } from "../engine/run-state.js";
import type { Counterpart } from "./counterpart.js";
import type { TransferNotes } from "./transfer-notes.js";
import { PARENT_TAG, type WantedRecord, wantedTags } from "./wanted-record.js";

export interface ParamsToSend {
  readonly send: StringMap;
  readonly inConflict: ReadonlySet<string>;
}

/** Params never change: another value there is a conflict, but for one that was accepted. */
export function paramsToSend(
  { params: wanted, acceptedParams: accepted }: WantedRecord,
  { params }: Run,
  notes: TransferNotes,
): ParamsToSend {
  const send: Record<string, string> = Object.create(null);
  const inConflict = new Set<string>();
  for (const [key, mine] of Object.entries(wanted)) {
    const theirs = Object.hasOwn(params, key) ? params[key]! : null;
    if (theirs === null) send[key] = mine;
    else if (theirs !== mine && theirs !== accepted[key]) {
      inConflict.add(key);
      notes.conflict("param", key, { base: null, mine, theirs });
    }
  }
  return { send, inConflict };
}

export interface TagSides {
  readonly document: RunDocument;
  readonly wanted: WantedRecord;
  readonly there: Counterpart;
  /** What both sides had when they were last equal. */
  readonly base: RunState | null;
  readonly parentId: string | null;
  /** A transfer of ours that did not come to its end: nobody else changed it on purpose. */
  readonly isOurs: boolean;
  /** The parent that is named there was set by a push. */
  readonly isParentOurs: boolean;
}

export interface TagsToSend {
  readonly send: StringMap;
  /** Keys of tags that are deleted there. */
  readonly remove: readonly string[];
  /** What the run there has afterwards. */
  readonly expect: StringMap;
}

export function tagsToSend(sides: TagSides, notes: TransferNotes): TagsToSend {
  const { document, wanted, there, base, parentId } = sides;
  const send: Record<string, string> = Object.create(null);
  const remove: string[] = [];
  const expect: Record<string, string> = Object.assign(Object.create(null), wanted.tags);
  const common = base?.common ?? null;
  const before = common === null ? null : wantedTags(common.tags, document, parentId);
  for (const { key, change } of mergeTags(before, wanted.tags, { ...there.run.tags, ...there.tags })) {
    const isOurs = key.startsWith("runstone.") || (common === null && sides.isOurs);
    if (key === PARENT_TAG && sides.isParentOurs) send[key] = expect[key]!;
    else if (change.kind === "send") {
      if (change.value !== null) send[key] = change.value;
      else remove.push(key);
    } else if (change.kind === "conflict" && isOurs && change.mine !== null) send[key] = change.mine;
    else {
      delete expect[key];
      if (change.kind === "conflict" && !key.startsWith("runstone.")) notes.conflict("tag", key, change);
    }
  }
  return { send, remove, expect };
}
