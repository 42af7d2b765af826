/**
 * Writer slots: the right to append. One file has one appender, so each concurrent writer of a run claims a slot:
 * `writers/0` stands for `metrics/` itself, `writers/<n>/` holds its own `metrics/`. A slot that was given back may be
 * claimed again; the slot of a dead writer stays as it is until the run is sealed.
 */
import { join } from "node:path";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import { assertNoLinkBetween, createFile, listDirectory, removeFile, statIfExists } from "../fs/index.js";
import { LINKS, WRITERS } from "../store/layout.js";
import { claimBytes, holdsClaim, readClaim } from "./claim-file.js";
import { stateOfClaim } from "./judge-claim.js";
import { type OwnerProbes, systemProbes } from "./judge-owner.js";
import { lastPointOfSlot, mtimeOf, newest } from "./last-sign.js";
import { type LeaseOwner, newClaim } from "./owner.js";

const OWNER = "owner.yaml";

/** Written by the seal before it folds slots into `metrics/`. */
export const FOLD = "fold.jsonl";

export interface WriterSlot {
  readonly n: number;
  /** Where this writer appends `<key path>`. */
  readonly metricsDirectory: string;
  /** Where this writer appends dataset and model links of points. */
  readonly linksPath: string;
  /** Gives the slot back; everything opened under it must be closed before. Safe to call twice. */
  release(): void;
}

/**
 * Claims the first free slot of a run. Throws INVALID_STATE while the run is being sealed (`data.path` is the fold's
 * journal), I/O errors when the run's directory is gone.
 */
export function claimWriterSlot(runDirectory: string, identity: LeaseOwner): WriterSlot {
  releaseLeftSlots(runDirectory);
  const bytes = claimBytes(newClaim(identity, Date.now()));
  for (;;) {
    const n = claimFirstFree(runDirectory, bytes);
    const slot = newSlot(runDirectory, n, bytes);
    if (isKept(runDirectory, slot)) return slot;
  }
}

/** False when a fold ended in between, and took the claim away with all of writers/. Gives the slot back when it throws. */
function isKept(runDirectory: string, slot: WriterSlot): boolean {
  try {
    // Asked after the claim: the fold writes its journal before it looks for writers, so one of us sees the other.
    if (isFolding(runDirectory)) throw beingSealed(runDirectory);
    return statIfExists(ownerPath(runDirectory, slot.n)) !== null;
  } catch (error) {
    leaveSlot(runDirectory, slot);
    throw error;
  }
}

/** Slots of this process that could not be given back: as long as it lives, their runs look as if somebody wrote. */
const left = new Map<WriterSlot, string>();

/** Gives a slot back after a failure, which is what gets reported; what fails is tried again by {@link releaseLeftSlots}. */
export function leaveSlot(runDirectory: string, slot: WriterSlot): void {
  try {
    slot.release();
  } catch (error) {
    if (!isRunstoneError(error)) throw error;
    left.set(slot, runDirectory);
  }
}

/** Gives back what an earlier failure of this process left claimed in a run. Throws what the file system says. */
export function releaseLeftSlots(runDirectory: string): void {
  for (const [slot, directory] of left) {
    if (directory !== runDirectory) continue;
    slot.release();
    left.delete(slot);
  }
}

function beingSealed(runDirectory: string): RunstoneError {
  return new RunstoneError("INVALID_STATE", `the run in ${runDirectory} is being sealed`, {
    hint: "Try again in a moment; if no process seals it: runstone fsck --repair",
    data: { path: join(runDirectory, WRITERS, FOLD) },
  });
}

/** A claimed slot whose writer is not proven dead. */
export interface LiveWriter {
  readonly n: number;
  readonly state: "alive" | "silent";
}

/**
 * The slots whose writers may still append, in slot order. A fold asks this after it wrote its journal: a writer that
 * claims later sees the journal and goes away.
 */
export function liveWriters(runDirectory: string, probes: OwnerProbes = systemProbes()): LiveWriter[] {
  return claimedSlots(runDirectory).flatMap((n) => {
    const state = stateOfSlot(runDirectory, n, probes);
    return state === "alive" || state === "silent" ? [{ n, state }] : [];
  });
}

function newSlot(runDirectory: string, n: number, bytes: Uint8Array): WriterSlot {
  const home = n === 0 ? runDirectory : slotDirectory(runDirectory, n);
  let state: "held" | "failed" | "free" = "held";
  return {
    n,
    metricsDirectory: join(home, "metrics"),
    linksPath: join(home, LINKS),
    release() {
      // After an error it is tried again; by then the slot may be another writer's.
      const path = ownerPath(runDirectory, n);
      if (state === "free" || (state === "failed" && !holdsClaim(path, bytes))) return;
      state = "failed";
      removeFile(path);
      state = "free";
    },
  };
}

function claimFirstFree(runDirectory: string, bytes: Uint8Array): number {
  const place = { temporaryIn: runDirectory, sync: false };
  for (let n = 0; ; n += 1) {
    const path = ownerPath(runDirectory, n);
    if (n > 0 && statIfExists(path) !== null) continue;
    assertNoLinkBetween(runDirectory, path);
    if (createFile(path, bytes, place)) return n;
  }
}

function isFolding(runDirectory: string): boolean {
  return statIfExists(join(runDirectory, WRITERS, FOLD)) !== null;
}

function claimedSlots(runDirectory: string): number[] {
  return (listDirectory(join(runDirectory, WRITERS)) ?? [])
    .filter((entry) => entry.isDirectory() && /^(0|[1-9]\d*)$/.test(entry.name))
    .map((entry) => Number(entry.name))
    .sort((a, b) => a - b);
}

function stateOfSlot(
  runDirectory: string,
  n: number,
  probes: OwnerProbes,
): "free" | "dead" | "alive" | "silent" {
  const found = readClaim(ownerPath(runDirectory, n));
  if (found === null) return "free";
  const claimed = mtimeOf(found.path) ?? 0;
  const home = n === 0 ? runDirectory : slotDirectory(runDirectory, n);
  return stateOfClaim(found, newest([claimed, lastPointOfSlot(home)]) ?? claimed, probes).verdict;
}

function slotDirectory(runDirectory: string, n: number): string {
  return join(runDirectory, WRITERS, String(n));
}

function ownerPath(runDirectory: string, n: number): string {
  return join(slotDirectory(runDirectory, n), OWNER);
}
