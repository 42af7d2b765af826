/** The artifacts of one run, and its values that the server cuts, on their way to the server. */

import type { RunLocation } from "../../core/index.js";
import { type ArtifactHead, openArtifact, type RunDocument } from "../../core/transfer/index.js";
import type { Run, RunstoneError, StringMap } from "../../store-format/index.js";
import { ARTIFACTS_OUT_OF_REACH, type Refusals } from "../engine/refusals.js";
import { artifactPlace } from "./artifact-place.js";
import { LONG_VALUES_PATH } from "./cut-values.js";
import type { ExpectedRun } from "./expected-run.js";
import { outgoingLongValues } from "./long-values.js";
import type { PushSession } from "./push-session.js";
import { type Replaced, sortReplaced } from "./replaced-artifacts.js";
import { type OutgoingFile, sendArtifacts } from "./send-artifacts.js";
import type { TransferNotes } from "./transfer-notes.js";
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
  return { ...known, ...found, ...(await sendArtifacts(target, send)) };
}

/** Who says `recheck` wants what is here to be there; a run that is pushed while it runs is nobody else's. */
async function filesToSend(
  { calls, recheck, live }: PushSession,
  { known, notes, wasSynced }: FilesToSend,
  { place, files }: { readonly place: string; readonly files: readonly OutgoingFile[] },
): Promise<Pick<Replaced, "send" | "there">> {
  if (recheck || live !== undefined) return { send: files, there: [] };
  const isOwn = ({ path }: OutgoingFile): boolean => path === LONG_VALUES_PATH;
  const replacing = { calls, place, known, isStrict: wasSynced };
  const { send, there, conflicts } = await sortReplaced(
    replacing,
    files.filter((file) => !isOwn(file)),
  );
  for (const { path, mine, theirs } of conflicts)
    notes.conflict("artifact", path, { base: known[path] ?? null, mine, theirs });
  return { send: [...send, ...files.filter(isOwn)], there };
}

function missingFiles({ context, recheck }: PushSession, sending: FilesToSend): readonly OutgoingFile[] {
  const { location, document, wanted, known, refused } = sending;
  const isMissing = ({ path, sha256 }: ArtifactHead): boolean =>
    known[path] !== sha256 && refused.of("artifact", path, sha256) === undefined;
  const files: OutgoingFile[] = document.artifacts
    // What was freed here cannot be sent again.
    .filter((artifact) => (recheck && artifact.absent !== true) || isMissing(artifact))
    .map((artifact) => ({ ...artifact, open: () => openArtifact(context, location, artifact) }));
  const long = wanted.longValues === null ? null : outgoingLongValues(wanted.longValues);
  return long !== null && (recheck || isMissing(long)) ? [...files, long] : files;
}

/** Of what was sent, all that should be found there. */
export function expectedArtifacts(
  document: RunDocument,
  { longValues }: WantedRecord,
  sent: StringMap,
): ExpectedRun["artifacts"] {
  const own = document.artifacts.filter(({ path, sha256 }) => sent[path] === sha256);
  const long = longValues === null ? null : outgoingLongValues(longValues);
  return long !== null && sent[LONG_VALUES_PATH] === long.sha256 ? [...own, long] : own;
}
