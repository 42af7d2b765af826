/** What both sides had when they were last equal, on the wire. */
import { type JsonObject, type Members, stringMapOf } from "../../protocol/index.js";
import { RUN_STATUSES } from "../../store-format/index.js";
import type { CommonRecord } from "../engine/run-state.js";

export function serializeBase(base: CommonRecord): JsonObject {
  return { ...base };
}

/** Throws REMOTE_FAILED. */
export function parseBase(members: Members): CommonRecord {
  return {
    recordDigest: members.sha256("recordDigest"),
    tags: stringMapOf(members.raw("tags"), "base.tags"),
    runName: members.text("runName"),
    status: members.choice("status", RUN_STATUSES),
    endTime: members.integerOrNull("endTime"),
    lifecycleStage: members.choice("lifecycleStage", ["active", "deleted"]),
  };
}
