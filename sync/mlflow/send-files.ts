/** The artifacts of one run, and its values that the server cuts, on their way to the server. */

import type { RunLocation } from "../../core/index.js";
import { type ArtifactHead, openArtifact, type RunDocument } from "../../core/transfer/index.js";
import type { Run, RunstoneError, StringMap } from "../../store-format/index.js";
import { ARTIFACTS_OUT_OF_REACH, type Refusals } from "../engine/refusals.js";
import type { Conflict } from "../state/index.js";
import { artifactPlace } from "./artifact-place.js";
import { LONG_VALUES_PATH } from "./cut-values.js";
import type { ExpectedRun } from "./expected-run.js";
import { outgoingLongValues } from "./long-values.js";
import type { PushSession } from "./push-session.js";
import { type Replaced, type Replacing, sortReplaced } from "./replaced-artifacts.js";
import { type OutgoingFile, sendArtifacts } from "./send-artifacts.js";
import type { TransferNotes } from "./transfer-notes.js";
import { SMALL_BYTES } from "./verify-artifacts.js";
import type { WantedRecord } from "./wanted-record.js";

const ARTIFACTS_LEFT_OUT = "Artifacts were left out.";

export interface FilesToSend {
  readonly location: RunLocation;
  readonly document: RunDocument;
  readonly wanted: WantedRecord;
  /** The run there. */
  readonly run: Run;
  /** Path -> SHA-256 of what is there already. */
  readonly known: StringMap;
  /** All of it was there as it was here: what is there now and not known is somebody else's. */
  readonly wasSynced: boolean;
  /** What was refused before, and is not asked again. */
  readonly refused: Refusals;
  readonly notes: TransferNotes;
  /** An artifact that the server takes never. */
  refuse(what: "artifact", path: string, error: RunstoneError): void;
}

/** Returns path -> SHA-256 of what is there then. */
export async function sendFiles(session: PushSession, sending: FilesToSend): Promise<StringMap> {
  const { withArtifacts, artifactLimit, signal, baseUrl, calls } = session;
  const { run, known, notes } = sending;
  const files = missingFiles(session, sending);
  if (files.length === 0) return known;
  if (!withArtifacts) {
    notes.except(ARTIFACTS_LEFT_OUT);
    return known;
  }
  const { path: place, reason } = artifactPlace(run.info.artifactUri, baseUrl);
  if (place === undefined) {
    notes.lack(`${ARTIFACTS_OUT_OF_REACH}${reason}.`);
    return known;
  }
  const target = {
    ...{ calls, place, limit: artifactLimit, signal },
    moved: notes.move.bind(notes),
    refuse: sending.refuse,
    except: notes.lack.bind(notes),
  };
  const { send, there } = await filesToSend(session, sending, { place, files });
  const found = Object.fromEntries(there.map(({ path, sha256 }) => [path, sha256]));
  const sent = await sendArtifacts(target, send);
  noteSizes(session, sending, sent);
  return { ...known, ...found, ...sent };
}

/** For the next round of a push that goes on. */
function noteSizes({ live }: PushSession, { document }: FilesToSend, sent: StringMap): void {
  if (live === undefined) return;
  const sizes = live.sizes.get(document.info.runId) ?? new Map<string, number>();
  for (const { path, size, sha256 } of document.artifacts) if (sent[path] === sha256) sizes.set(path, size);
  live.sizes.set(document.info.runId, sizes);
}

/** What somebody else put in the place of ours is written over by nobody: not by a push that goes on, and not by one that repairs. */
async function filesToSend(
  session: PushSession,
  sending: FilesToSend,
  { place, files }: { readonly place: string; readonly files: readonly OutgoingFile[] },
): Promise<Pick<Replaced, "send" | "there">> {
  const { known, notes, wasSynced } = sending;
  const isOwn = ({ path }: OutgoingFile): boolean => path === LONG_VALUES_PATH;
  const { send, there, conflicts } = await sortReplaced(
    { calls: session.calls, place, known, isStrict: wasSynced, bySize: bySizeIn(session, sending) },
    files.filter((file) => !isOwn(file)),
  );
  for (const { path, mine, theirs } of conflicts)
    notes.conflict("artifact", path, { base: known[path] ?? null, mine, theirs });
  return { send: [...send, ...files.filter(isOwn)], there };
}

/**
 * Large files are read back by nobody who asks for no hashes: of what is there in the size of ours that is what a verification
 * goes by, and of what has the size that this very command sent.
 */
function bySizeIn({ recheck, hash, live }: PushSession, { document }: FilesToSend): Replacing["bySize"] {
  const sent = live?.sizes.get(document.info.runId);
  return (file, size) => {
    if (hash === "all" || size <= SMALL_BYTES) return null;
    if (sent?.get(file.path) === size) return "ours before";
    return recheck && size === file.size ? "there" : null;
  };
}

function missingFiles(
  { context, recheck, state }: PushSession,
  sending: FilesToSend,
): readonly OutgoingFile[] {
  const { location, document, wanted, known, refused } = sending;
  const inConflict = artifactsIn(state.conflicts(document.info.runId));
  const isMissing = ({ path, sha256 }: ArtifactHead): boolean =>
    known[path] !== sha256 && refused.of("artifact", path, sha256) === undefined;
  // Of one in conflict nothing is known before it was looked at.
  const isAskedAgain = ({ path }: ArtifactHead): boolean => recheck || inConflict.has(path);
  const files: OutgoingFile[] = document.artifacts
    // What was freed here cannot be sent again.
    .filter((artifact) => (isAskedAgain(artifact) && artifact.absent !== true) || isMissing(artifact))
    .map((artifact) => ({ ...artifact, open: () => openArtifact(context, location, artifact) }));
  const long = wanted.longValues === null ? null : outgoingLongValues(wanted.longValues);
  return long !== null && (recheck || isMissing(long)) ? [...files, long] : files;
}

/** Of what was sent, all that should be found there: what is in conflict is not. */
export function expectedArtifacts(
  { document, wanted: { longValues }, notes }: Pick<FilesToSend, "document" | "wanted" | "notes">,
  sent: StringMap,
): ExpectedRun["artifacts"] {
  const inConflict = artifactsIn(notes.conflicts);
  const own = document.artifacts.filter(({ path, sha256 }) => sent[path] === sha256 && !inConflict.has(path));
  const long = longValues === null ? null : outgoingLongValues(longValues);
  return long !== null && sent[LONG_VALUES_PATH] === long.sha256 ? [...own, long] : own;
}

/** Paths of those in conflict. */
function artifactsIn(conflicts: readonly Conflict[]): ReadonlySet<string | null> {
  return new Set(conflicts.filter(({ field }) => field === "artifact").map(({ key }) => key));
}
