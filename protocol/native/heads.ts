/** Heads of runs on the wire: enough to tell which runs have to be looked at. */
import {
  isExperimentId,
  type LifecycleStage,
  RUN_STATUSES,
  type RunStatus,
} from "../../store-format/index.js";
import { asList, Members } from "./json.js";
import { MAX_LIST_ENTRIES } from "./limits.js";
import { runIdOf } from "./run-document.js";

export interface WireHead {
  readonly runId: string;
  readonly experimentId: string;
  /** Says nothing between stores; null: it cannot be told whether the run changed, look at it. */
  readonly mark: string | null;
  /** Of a sealed run that was not changed since. */
  readonly recordDigest: string | null;
  readonly status: RunStatus;
  readonly lifecycleStage: LifecycleStage;
}

/** One line of the text whose SHA-256 is the digest over all heads, sorted by run. */
export function headLine(head: WireHead): string {
  const { runId, mark, recordDigest, status, lifecycleStage } = head;
  return `${runId} ${mark ?? "-"} ${recordDigest ?? "-"} ${status} ${lifecycleStage}\n`;
}

/** Heads as they go into one item: at most {@link MAX_LIST_ENTRIES}, each a list in the order of the type's members. */
export function headsValue(heads: readonly WireHead[]): readonly unknown[] {
  return heads.map((head) => [
    head.runId,
    head.experimentId,
    head.mark,
    head.recordDigest,
    head.status,
    head.lifecycleStage,
  ]);
}

/** Throws REMOTE_FAILED. */
export function parseHeads(value: unknown): WireHead[] {
  return asList(value, "heads", MAX_LIST_ENTRIES).map(parseHead);
}

function parseHead(value: unknown): WireHead {
  const [runId, experimentId, mark, recordDigest, status, lifecycleStage] = asList(value, "head", 16);
  const head = new Members({ runId, experimentId, mark, recordDigest, status, lifecycleStage }, "head");
  const id = head.text("experimentId");
  const text = head.textOrNull("mark");
  if (!isExperimentId(id)) head.refuse("experimentId", "no id of an experiment");
  if (text !== null && text.length > 200) head.refuse("mark", "too long");
  return {
    runId: runIdOf(runId),
    experimentId: id,
    mark: text,
    recordDigest: head.sha256OrNull("recordDigest"),
    status: head.choice("status", RUN_STATUSES),
    lifecycleStage: head.choice("lifecycleStage", ["active", "deleted"]),
  };
}
