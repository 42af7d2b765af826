/** Settling conflicts with a native remote: the value is set there and here, and a sync of the run makes the rest equal. */
import { mustFindRun } from "../../core/index.js";
import { readRunDocument, resolveConflict } from "../../core/transfer/index.js";
import { RunstoneError } from "../../store-format/index.js";
import { changedSince, settleArtifact, type TheirArtifact } from "../engine/settle-artifact.js";
import { conflictTag, serializeConflict } from "../mlflow/accepted-params.js";
import type { Conflict } from "../state/index.js";
import { commonBesides, NOTHING_KNOWN } from "./outcomes.js";
import { commonOf } from "./settle.js";
import type { NativeParties } from "./sync-session.js";

export interface PeerSettling {
  readonly runId: string;
  readonly conflicts: readonly Conflict[];
  readonly take: "ours" | "theirs" | { readonly value: string };
}

/** Throws INVALID_PARAMETER_VALUE, UNSUPPORTED, INVALID_STATE when it has changed since, and what the peer says. */
export async function settleWithPeer(parties: NativeParties, settling: PeerSettling): Promise<void> {
  const { state } = parties;
  const { runId, conflicts } = settling;
  for (const conflict of conflicts) {
    if (conflict.field === "artifact") await settleFile(parties, settling, conflict);
    else await settleValue(parties, settling, conflict);
    const isOther = ({ field, key }: Conflict): boolean => field !== conflict.field || key !== conflict.key;
    state.saveConflicts(runId, state.conflicts(runId).filter(isOther));
  }
}

/** There first: what fails there is still a conflict here. */
async function settleValue(
  { context, remote }: NativeParties,
  { runId, take }: PeerSettling,
  { field, key, mine, theirs }: Conflict,
): Promise<void> {
  const value = typeof take === "object" ? take.value : take === "ours" ? mine : theirs;
  if (field === "param") {
    const tag = { field: "tag", key: conflictTag(key!) } as const;
    const both = { value: serializeConflict(mine, theirs) };
    await resolveConflict(context, mustFindRun(context, runId), tag, both);
  }
  if (value !== theirs) await remote.settle(runId, { field, key, value });
  if (value !== mine) await resolveConflict(context, mustFindRun(context, runId), { field, key }, { value });
}

async function settleFile(
  parties: NativeParties,
  { runId, take }: PeerSettling,
  conflict: Conflict,
): Promise<void> {
  const { context, state } = parties;
  const known = state.run(runId);
  if (typeof take === "object" || conflict.mine === null || known === null) throw notByValue(runId, conflict);
  const theirs = await theirArtifact(parties, runId, conflict.key!);
  const { document } = readRunDocument(context, mustFindRun(context, runId));
  const open = state.conflicts(runId);
  await settleArtifact(context, { runId, conflict, take, theirs });
  // Theirs counts as what both had: what is here now is a change, and travels.
  state.save({
    ...known,
    common: known.common ?? commonBesides(commonOf(document), NOTHING_KNOWN, open),
    artifacts: { ...known.artifacts, [conflict.key!]: theirs.head.sha256 },
    ...{ localMark: null, remoteMark: null },
  });
}

async function theirArtifact({ remote }: NativeParties, runId: string, path: string): Promise<TheirArtifact> {
  for await (const about of remote.offers([runId], { artifacts: false })) {
    if (about.error !== undefined) throw about.error;
    const head = about.run.document.artifacts.find((artifact) => artifact.path === path);
    if (head !== undefined) return { head, source: (_, start) => remote.artifact(runId, head, start) };
  }
  throw changedSince(path, "there");
}

function notByValue(runId: string, { key }: Conflict): RunstoneError {
  return new RunstoneError("UNSUPPORTED", "this conflict of artifacts cannot be settled so", {
    hint: "Take one of both (--ours, --theirs); where the name is in the way, rename it on one side.",
    data: { runId, key },
  });
}
