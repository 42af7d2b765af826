/**
 * The lease of a live run: `<run>/lease.yaml`. It says who is responsible for the run and lets others prove that this
 * owner is dead. Correctness never rests on it (files have one appender, claims are exclusive creates): it avoids
 * wasted work and tells a running run from a lost one.
 */
import { join } from "node:path";
import { type Lease as LeaseInfo, RunstoneError } from "../../store-format/index.js";
import { removeFile, removeIfEmpty } from "../fs/index.js";
import { LEASE } from "../store/layout.js";
import {
  claimBytes,
  type FoundClaim,
  guardBytes,
  holdsClaim,
  readClaim,
  releaseClaim,
  type TakeClaim,
  takeClaim,
} from "./claim-file.js";
import { Heartbeat } from "./heartbeat.js";
import { checkMayReplace, type LeaseState, stateOfClaim } from "./judge-claim.js";
import { isFresh, type OwnerProbes, systemProbes } from "./judge-owner.js";
import { LEASE_BEAT, lastBeat, lastPoint, mtimeOf, newest } from "./last-sign.js";
import { isLeftOver, noteGivenBack, noteHeld } from "./own-claims.js";
import { isOwnClaim, type LeaseOwner, newClaim } from "./owner.js";

export interface LeaseOptions {
  /** Also take it from an owner that is silent, and from a shell or job that is alive. Default false. */
  readonly force?: boolean;
  readonly probes?: OwnerProbes;
  /** Milliseconds until the heartbeat starts; default 2000. Only a lease of kind `process` beats. */
  readonly heartbeatAfterMs?: number;
  /** Milliseconds between two beats; default 5000, at least 1000. */
  readonly heartbeatMs?: number;
}

const HEARTBEAT_AFTER_MS = 2000;
const HEARTBEAT_MS = 5000;

/** A lease that this process holds, or once held: ask {@link isLost}. */
export class Lease {
  readonly runDirectory: string;
  readonly info: LeaseInfo;
  readonly #take: TakeClaim;
  readonly #heartbeat: Heartbeat | undefined;
  #released = false;

  constructor(runDirectory: string, info: LeaseInfo, take: TakeClaim, heartbeatAfterMs: number | null) {
    this.runDirectory = runDirectory;
    this.info = info;
    this.#take = take;
    if (heartbeatAfterMs === null || info.heartbeatMs === 0) return;
    const beat = { intervalMs: info.heartbeatMs, startAfterMs: heartbeatAfterMs };
    this.#heartbeat = new Heartbeat({ runDirectory, claim: take.bytes, ...beat });
  }

  /** Reads the lease again: true when another owner took it, or somebody removed it. Throws I/O errors. */
  isLost(): boolean {
    if (this.#released || this.#heartbeat?.lost === true) return true;
    return !holdsClaim(join(this.runDirectory, LEASE), this.#take.bytes);
  }

  /** Call before every step that only the owner may take (status, seal). Throws LEASE_LOST. */
  assertHeld(): void {
    if (!this.isLost()) return;
    throw new RunstoneError("LEASE_LOST", `the lease of the run in ${this.runDirectory} is no longer ours`, {
      hint: "Another process took the run over; what was logged before is kept. Look at it with `runstone show`.",
      data: { path: join(this.runDirectory, LEASE) },
    });
  }

  /** For callers that may never let the event loop turn (a synchronous training loop): starts the heartbeat when it is due. */
  keepBeating(): void {
    this.#heartbeat?.startIfDue();
  }

  /** True while the heartbeat's worker beats. */
  get beating(): boolean {
    return this.#heartbeat?.beating ?? false;
  }

  /** Gives the lease back; nothing of it stays. Safe to repeat, also after a failure, and on a lost lease (then only the heartbeat ends). */
  release(): void {
    if (this.#released) return;
    noteGivenBack(this.info);
    this.#heartbeat?.stop();
    releaseOwn(join(this.runDirectory, LEASE), this.#take);
    this.#released = true;
  }
}

/**
 * Takes the lease of a run. A free lease is taken, a dead owner's too; otherwise throws LEASE_HELD, which says who
 * holds it (`data`: host, pid, started, lastSign, state).
 */
export function takeLease(runDirectory: string, owner: LeaseOwner, options: LeaseOptions = {}): Lease {
  const probes = options.probes ?? systemProbes();
  const info = newClaim(owner, probes.now(), heartbeatOf(owner, options));
  const take: TakeClaim = {
    bytes: claimBytes(info),
    guardBytes: guardBytes(owner, probes.now()),
    sync: true,
    checkReplaceable(found) {
      if (!isLeftOver(found.claim, owner))
        checkReplaceable(runDirectory, found, { force: options.force, probes });
    },
  };
  const replaced = takeClaim(join(runDirectory, LEASE), take);
  if (replaced !== null) removeIfEmpty(join(runDirectory, LEASE_BEAT));
  noteHeld(info);
  return new Lease(runDirectory, info, take, options.heartbeatAfterMs ?? HEARTBEAT_AFTER_MS);
}

/** Shells and jobs are gone, or elsewhere, when the next beat is due. */
function heartbeatOf(owner: LeaseOwner, options: LeaseOptions): number {
  return owner.kind === "process" ? (options.heartbeatMs ?? HEARTBEAT_MS) : 0;
}

/**
 * The lease that this shell or job took in an earlier command (`runstone start`), to be released by a later one
 * (`runstone end`). Null when there is none or another owner holds it.
 */
export function adoptLease(runDirectory: string, owner: LeaseOwner): Lease | null {
  const found = readClaim(join(runDirectory, LEASE));
  if (found === null || found.claim === null || !isOwnClaim(found.claim, owner)) return null;
  const probes = systemProbes();
  const take: TakeClaim = {
    bytes: found.bytes,
    guardBytes: guardBytes(owner, probes.now()),
    sync: true,
    checkReplaceable: (other) => checkReplaceable(runDirectory, other, { probes }),
  };
  return new Lease(runDirectory, found.claim, take, null);
}

/** Who holds the lease of a run and whether that owner lives; null when nobody does. Changes nothing. */
export function inspectLease(runDirectory: string, probes: OwnerProbes = systemProbes()): LeaseState | null {
  const found = readClaim(join(runDirectory, LEASE));
  return found === null ? null : stateOf(runDirectory, found, probes);
}

function stateOf(runDirectory: string, found: FoundClaim, probes: OwnerProbes): LeaseState {
  const beat = newest([mtimeOf(found.path), lastBeat(runDirectory)]) ?? 0;
  // Many metric files take long to look at: only when the heartbeat leaves it open.
  const lastSign = isFresh(beat, probes) ? beat : (newest([beat, lastPoint(runDirectory)]) ?? beat);
  return stateOfClaim(found, lastSign, probes);
}

interface Replacing {
  readonly force?: boolean | undefined;
  readonly probes: OwnerProbes;
}

function checkReplaceable(runDirectory: string, found: FoundClaim, replacing: Replacing): void {
  checkMayReplace(stateOf(runDirectory, found, replacing.probes), {
    path: found.path,
    what: "the run",
    force: replacing.force === true,
    hintAlive: "Wait for it, stop that process, or log to it with RUNSTONE_RUN_ID set.",
    hintSilent: "If you know that it has ended, say so: runstone resume RUN --take-over",
  });
}

/** A full disk, or a taker that is at it already, must not keep anybody from letting go. */
function releaseOwn(path: string, take: TakeClaim): void {
  try {
    releaseClaim(path, take);
  } catch (error) {
    if (!(error instanceof RunstoneError)) throw error;
    if (error.code === "LEASE_HELD") return;
    if (error.code !== "DISK_FULL") throw error;
    if (holdsClaim(path, take.bytes)) removeFile(path);
  }
}
