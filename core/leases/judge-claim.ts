/** From the bytes of a claim to the answer: is it held, by whom, and may it be replaced? */
import { assertWritableLease, type Lease as LeaseInfo, RunstoneError } from "../../store-format/index.js";
import type { FoundClaim } from "./claim-file.js";
import { judgeOwner, type OwnerProbes, type Verdict } from "./judge-owner.js";
import { mtimeOf } from "./last-sign.js";

/** Who holds a claim, and whether that owner lives. */
export interface LeaseState {
  /** Null when the claim is damaged. */
  readonly info: LeaseInfo | null;
  readonly verdict: Verdict;
  /** Milliseconds since 1970. */
  readonly lastSign: number;
}

/**
 * A damaged claim older than this (ms) belongs to nobody: claims appear complete, and an owner whose claim was spoilt
 * takes it for lost. Younger, it may be half written, where the file system has no hard links.
 */
const DAMAGED_IS_DEAD_MS = 60_000;

/** `lastSign`: the newest sign of life of its owner that is known, in milliseconds since 1970. */
export function stateOfClaim(found: FoundClaim, lastSign: number, probes: OwnerProbes): LeaseState {
  if (found.claim !== null)
    return { info: found.claim, verdict: judgeOwner(found.claim, lastSign, probes), lastSign };
  const written = mtimeOf(found.path) ?? 0;
  const verdict = Math.abs(probes.now() - written) > DAMAGED_IS_DEAD_MS ? "dead" : "silent";
  return { info: null, verdict, lastSign };
}

export interface ReplaceRules {
  readonly path: string;
  /** What is held: "the run". */
  readonly what: string;
  /** Also from an owner that is silent, and from a shell or job that is alive. */
  readonly force: boolean;
  /** What to do while the owner lives. */
  readonly hintAlive: string;
  /** What to do when it may have ended. */
  readonly hintSilent: string;
}

/** Throws LEASE_HELD unless the claim may be replaced, FORMAT_TOO_NEW when a newer release wrote it. */
export function checkMayReplace(state: LeaseState, rules: ReplaceRules): void {
  const { info, verdict, lastSign } = state;
  if (info !== null) assertWritableLease(info);
  if (verdict === "dead") return;
  const firm = verdict === "alive" && info?.owner === "process";
  if (rules.force && !firm) return;
  const message = `${rules.what} is held by ${describeHolder(info)}; ${describeSign(verdict, lastSign)}`;
  throw new RunstoneError("LEASE_HELD", message, {
    hint: firm ? rules.hintAlive : rules.hintSilent,
    data: {
      path: rules.path,
      host: info?.host,
      pid: info?.pid,
      started: info?.startedTime,
      state: verdict,
      lastSign,
    },
  });
}

function describeHolder(info: LeaseInfo | null): string {
  if (info === null) return "an owner whose claim cannot be read";
  const job = info.slurmJobId === undefined ? "" : ` (SLURM job ${info.slurmJobId})`;
  return `${info.owner} ${info.pid} on ${info.host}${job} since ${isoTime(Number(info.startedTime))}`;
}

function describeSign(verdict: Verdict, lastSign: number): string {
  return verdict === "alive"
    ? `last sign of life ${isoTime(lastSign)}`
    : `no sign of life since ${isoTime(lastSign)}`;
}

/** A claim may come from anywhere: a time out of range must not break the message. */
function isoTime(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? "an unknown time" : date.toISOString();
}
