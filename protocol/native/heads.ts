/** Which runs there are, and whether they changed (PROTOCOL.md, section 6). */
import {
  type Integer,
  isExperimentId,
  type LifecycleStage,
  RUN_STATUSES,
  type RunStatus,
} from "../../store-format/index.js";
import { type Item, serializeItem } from "./items.js";
import { asList, Members, protocolError } from "./json.js";
import { MAX_LIST_ENTRIES } from "./limits.js";
import { runIdOf } from "./run-document.js";

export interface WireHead {
  readonly runId: string;
  readonly experimentId: string;
  /** Another one whenever something of the run changed; says nothing between stores. null: it cannot be told, look. */
  readonly mark: string | null;
}

const MAX_MARK = 200;

/** One line of the text whose SHA-256 is the digest over all heads, in the order of the run ids. */
export function headLine({ runId, experimentId, mark }: WireHead): string {
  return `${experimentId} ${runId} ${mark ?? "-"}\n`;
}

/** At most {@link MAX_LIST_ENTRIES} of one experiment each. */
export function serializeHeads(heads: readonly WireHead[]): Uint8Array {
  return serializeItem(heads.map(({ runId, experimentId, mark }) => [runId, experimentId, mark]));
}

/** Throws REMOTE_FAILED. */
export function parseHeads({ head }: Item): WireHead[] {
  return asList(head, "heads", MAX_LIST_ENTRIES).map((value) => {
    const [runId, experimentId, mark] = asList(value, "head", 3);
    const members = new Members({ experimentId, mark }, "head");
    return { runId: runIdOf(runId), experimentId: experimentIdOf(members), mark: markOf(members) };
  });
}

/** A run as it was found after its mark was taken: what both sides compare. */
export interface WireCheck {
  readonly runId: string;
  readonly mark: string | null;
  readonly recordDigest: string;
  readonly runName: string;
  readonly status: RunStatus;
  readonly endTime: Integer | null;
  readonly lifecycleStage: LifecycleStage;
  readonly experimentId: string;
  readonly experimentName: string;
  /** Artifacts of the record whose bytes are not there. */
  readonly absent: number;
}

/** A run that is asked for may be gone, or damaged: then the error stands in its place. */
export function serializeCheck(check: WireCheck): Uint8Array {
  return serializeItem(check);
}

/** Throws REMOTE_FAILED. */
export function parseCheck(members: Members): WireCheck {
  return {
    runId: runIdOf(members.raw("runId")),
    mark: markOf(members),
    recordDigest: members.sha256("recordDigest"),
    runName: members.text("runName"),
    status: members.choice("status", RUN_STATUSES),
    endTime: members.integerOrNull("endTime"),
    lifecycleStage: members.choice("lifecycleStage", ["active", "deleted"]),
    experimentId: experimentIdOf(members),
    experimentName: members.text("experimentName"),
    absent: members.size("absent"),
  };
}

function experimentIdOf(members: Members): string {
  const id = members.text("experimentId");
  return isExperimentId(id) ? id : members.refuse("experimentId", "no id of an experiment");
}

function markOf(members: Members): string | null {
  const mark = members.textOrNull("mark");
  if (mark !== null && (mark.length > MAX_MARK || !/^[\x21-\x7e]+$/.test(mark)))
    throw protocolError("a mark that is none");
  return mark;
}
