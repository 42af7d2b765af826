/** Settling an artifact that both sides replaced: the one that is taken lies at its path, the other beside it. Nothing is lost. */
import { mustFindRun, type StoreContext } from "../../core/index.js";
import {
  type ArtifactBytes,
  type ArtifactHead,
  type ArtifactSource,
  openArtifact,
  readRunDocument,
  resolveConflict,
} from "../../core/transfer/index.js";
import { RunstoneError } from "../../store-format/index.js";
import type { Conflict } from "../state/index.js";

/** The artifact as it is there. */
export interface TheirArtifact {
  readonly head: ArtifactHead;
  readonly source: ArtifactSource;
}

export interface ArtifactSettlement {
  readonly runId: string;
  readonly conflict: Conflict;
  readonly take: "ours" | "theirs";
  readonly theirs: TheirArtifact;
}

/** Where the one that was not taken lies. */
export function besidePath(path: string, sha256: string): string {
  return `${path}.conflict-${sha256.slice(0, 8)}`;
}

/**
 * Both are here afterwards; a push brings the remote what it lacks. The loser comes first: what is broken off in between
 * has both. Throws INVALID_STATE when a side is not as it was when the conflict was found, RESOURCE_DOES_NOT_EXIST when
 * bytes are not to be had, and as `resolveConflict`.
 */
export async function settleArtifact(
  context: StoreContext,
  { runId, conflict, take, theirs }: ArtifactSettlement,
): Promise<void> {
  const path = theirs.head.path;
  const location = mustFindRun(context, runId);
  const mine = readRunDocument(context, location).document.artifacts.find((head) => head.path === path);
  if (mine?.sha256 !== conflict.mine) throw changedSince(path, "here");
  if (theirs.head.sha256 !== conflict.theirs) throw changedSince(path, "there");
  const ours = { head: mine, source: () => bytesHere(context, runId, mine) };
  const loser = take === "ours" ? theirs : ours;
  // Of what was freed here nobody has the bytes.
  if (loser.head.absent !== true)
    await bring(context, runId, { ...loser, path: besidePath(path, loser.head.sha256) });
  if (take === "theirs") await bring(context, runId, { ...theirs, path });
}

function bytesHere(context: StoreContext, runId: string, head: ArtifactHead): ArtifactBytes {
  const opened = openArtifact(context, mustFindRun(context, runId), head);
  opened.close();
  return { file: opened.path };
}

async function bring(
  context: StoreContext,
  runId: string,
  { head, source, path }: TheirArtifact & { readonly path: string },
): Promise<void> {
  const { sha256, size } = head;
  const artifact = { head: { path, sha256, size }, source };
  const location = mustFindRun(context, runId);
  await resolveConflict(context, location, { field: "artifact", key: path }, { value: sha256, artifact });
}

export function changedSince(what: string, where: "here" | "there"): RunstoneError {
  return new RunstoneError("INVALID_STATE", `'${what}' has changed ${where} since the conflict was found`, {
    hint: "Look at it again: runstone sync",
    data: { what },
  });
}
