/**
 * The lease of a live run: `<run>/lease.yaml`. It says who is responsible for the run and lets others prove that this
 * owner is dead. Correctness never rests on it (files have one appender, claims are exclusive creates): it avoids
 * wasted work and tells a running run from a lost one.
 */
import { join } from "node:path";
import { assertWritableLease, type Lease as LeaseInfo, RunstoneError } from "../../store-format/index.js";
import { removeFile, removeIfEmpty } from "../fs/index.js";
import { LEASE } from "../store/layout.js";
import {
  claimBytes,
  type FoundClaim,
  holdsClaim,
  readClaim,
  releaseClaim,
  type TakeClaim,
  takeClaim,
} from "./claim-file.js";
import { Heartbeat } from "./heartbeat.js";
import { judgeOwner, type OwnerProbes, systemProbes, type Verdict } from "./judge-owner.js";
import { LEASE_BEAT, lastBeat, lastPoint, mtimeOf, newest } from "./last-sign.js";
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

/** A damaged lease older than this (ms) belongs to nobody: its owner would itself take it for lost. */
const DAMAGED_IS_DEAD_MS = 10_000;

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

  /** Gives the lease back; nothing of it stays. Safe to call twice, and on a lost lease (then only the heartbeat ends). */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#heartbeat?.stop();
    releaseOwn(join(this.runDirectory, LEASE), this.#take);
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
    sync: true,
    checkReplaceable: (found) => checkReplaceable(runDirectory, found, { force: options.force, probes }),
  };
  const replaced = takeClaim(join(runDirectory, LEASE), take);
  if (replaced !== null) removeIfEmpty(join(runDirectory, LEASE_BEAT));
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
    sync: true,
    checkReplaceable: (other) => checkReplaceable(runDirectory, other, { probes }),
  };
  return new Lease(runDirectory, found.claim, take, null);
}

/** Who holds the lease of a run and whether that owner lives; null when nobody does. Changes nothing. */
export interface LeaseState {
  /** Null when the lease is damaged. */
  readonly info: LeaseInfo | null;
  readonly verdict: Verdict;
  /** Milliseconds since 1970. */
  readonly lastSign: number;
}

export function inspectLease(runDirectory: string, probes: OwnerProbes = systemProbes()): LeaseState | null {
  const found = readClaim(join(runDirectory, LEASE));
  return found === null ? null : stateOf(runDirectory, found, probes);
}

function stateOf(runDirectory: string, found: FoundClaim, probes: OwnerProbes): LeaseState {
  const beat = newest([mtimeOf(found.path), lastBeat(runDirectory)]) ?? 0;
  const lastSign = newest([beat, lastPoint(runDirectory)]) ?? beat;
  if (found.claim !== null)
    return { info: found.claim, verdict: judgeOwner(found.claim, lastSign, probes), lastSign };
  const written = mtimeOf(found.path) ?? 0;
  const verdict = Math.abs(probes.now() - written) > DAMAGED_IS_DEAD_MS ? "dead" : "silent";
  return { info: null, verdict, lastSign };
}

interface Replacing {
  readonly force?: boolean | undefined;
  readonly probes: OwnerProbes;
}

function checkReplaceable(runDirectory: string, found: FoundClaim, replacing: Replacing): void {
  const state = stateOf(runDirectory, found, replacing.probes);
  if (state.info !== null) assertWritableLease(state.info);
  if (state.verdict === "dead") return;
  const pushable = state.verdict === "silent" || state.info?.owner !== "process";
  if (replacing.force === true && pushable) return;
  throw leaseHeld(found.path, state);
}

function leaseHeld(path: string, state: LeaseState): RunstoneError {
  const { info, verdict, lastSign } = state;
  return new RunstoneError("LEASE_HELD", `${describeHolder(info)}; ${describeSign(verdict, lastSign)}`, {
    hint:
      verdict === "alive" && info?.owner === "process"
        ? "Wait for it, stop that process, or log to it with RUNSTONE_RUN_ID set."
        : "If you know that it has ended: runstone resume --take-over",
    data: { path, host: info?.host, pid: info?.pid, started: info?.startedTime, state: verdict, lastSign },
  });
}

function describeHolder(info: LeaseInfo | null): string {
  if (info === null) return "the run is held by an owner whose lease cannot be read";
  const started = isoTime(Number(info.startedTime));
  const job = info.slurmJobId === undefined ? "" : ` (SLURM job ${info.slurmJobId})`;
  return `the run is held by ${info.owner} ${info.pid} on ${info.host}${job} since ${started}`;
}

function describeSign(verdict: Verdict, lastSign: number): string {
  const time = isoTime(lastSign);
  return verdict === "alive" ? `last sign of life ${time}` : `no sign of life since ${time}`;
}

/** A claim may come from anywhere: a time out of range must not break the message. */
function isoTime(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? "an unknown time" : date.toISOString();
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
