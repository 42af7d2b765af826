/**
 * Claim files (`lease.yaml`, `writers/<n>/owner.yaml`): created exclusively and complete, replaced only when the owner
 * is dead.
 *
 * Taking over needs no waiting and no timeout: who would replace the bytes B first claims, exclusively, the right to
 * replace just these bytes (a guard file named after the digest of B), reads again, and only then renames its own claim over
 * B. A guard is itself such a claim: the death of its owner is judged and inherited in the same way, so that a crash at
 * any point leaves nothing that somebody must clean up first.
 */
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import {
  isRunstoneError,
  type Lease as LeaseInfo,
  MAX_CLAIM_BYTES,
  parseLease,
  serializeLease,
} from "../../store-format/index.js";
import { createFile, readBytesIfExists, removeFile, replaceFile } from "../fs/index.js";
import { type LeaseOwner, newClaim, processOwner } from "./owner.js";

/** What a claim file holds. */
export interface FoundClaim {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Null when the bytes are no claim: torn by a power cut, or edited. */
  readonly claim: LeaseInfo | null;
}

export interface TakeClaim {
  readonly bytes: Uint8Array;
  /** What stands in a guard: a claim of the acting process, whose death ends it, whoever owns the claim itself. */
  readonly guardBytes: Uint8Array;
  /** Whether the claim must survive a power cut. */
  readonly sync: boolean;
  /** Throws LEASE_HELD unless the owner of `found` is dead (or may be pushed aside). */
  checkReplaceable(found: FoundClaim): void;
}

/** Guards look like temporary files, which everybody passes over. */
const GUARD_PREFIX = ".runstone-tmp-claim-";

export function claimBytes(claim: LeaseInfo): Uint8Array {
  return new TextEncoder().encode(serializeLease(claim));
}

/** What a guard holds that is set up for this owner's sake. A shell or job outlives the command that acts for it. */
export function guardBytes(owner: LeaseOwner, now: number): Uint8Array {
  const acting = owner.kind === "process" ? owner : processOwner(owner.command);
  return claimBytes(newClaim(acting, now));
}

/** The claim at `path`, or null when there is none. Throws I/O errors. */
export function readClaim(path: string): FoundClaim | null {
  const bytes = readBytesIfExists(path, MAX_CLAIM_BYTES);
  return bytes === null ? null : { path, bytes, claim: parseClaim(bytes) };
}

/** Whether `path` holds exactly these bytes. */
export function holdsClaim(path: string, bytes: Uint8Array): boolean {
  const found = readBytesIfExists(path, MAX_CLAIM_BYTES);
  return found !== null && Buffer.compare(found, bytes) === 0;
}

/**
 * Claims `path`. Returns what was replaced: null when the place was free. Throws what `checkReplaceable` throws.
 */
export function takeClaim(path: string, take: TakeClaim): FoundClaim | null {
  for (;;) {
    if (createFile(path, take.bytes, { temporaryIn: dirname(path), sync: take.sync })) return null;
    const found = readClaim(path);
    if (found === null) continue;
    // NFS may do it and lose the answer: what stands there is ours.
    if (Buffer.compare(found.bytes, take.bytes) === 0) return null;
    take.checkReplaceable(found);
    if (replaceClaim(found, take)) return found;
  }
}

/** Removes our own claim. False when `path` is no longer ours; then nothing changed. */
export function releaseClaim(path: string, take: TakeClaim): boolean {
  return withGuard({ path, bytes: take.bytes }, take, () => removeFile(path)) ?? false;
}

function replaceClaim(found: FoundClaim, take: TakeClaim): boolean {
  const place = { temporaryIn: dirname(found.path), sync: take.sync };
  return withGuard(found, take, () => replaceFile(found.path, take.bytes, place)) !== null;
}

/** Runs `change` while nobody else may change these bytes; null, and not run, when others stand there already. */
function withGuard<T>(found: Omit<FoundClaim, "claim">, take: TakeClaim, change: () => T): T | null {
  const guard = guardPath(found);
  takeClaim(guard, { ...take, bytes: take.guardBytes, sync: false });
  try {
    return holdsClaim(found.path, found.bytes) ? change() : null;
  } finally {
    removeFile(guard);
  }
}

/** The name of the file counts, too: no two files share a guard, whatever they hold. */
function guardPath(found: Omit<FoundClaim, "claim">): string {
  const named = createHash("sha256").update(`${basename(found.path)}\n`);
  const digest = named.update(found.bytes).digest("hex").slice(0, 32);
  return join(dirname(found.path), `${GUARD_PREFIX}${digest}`);
}

function parseClaim(bytes: Uint8Array): LeaseInfo | null {
  try {
    return parseLease(bytes);
  } catch (error) {
    if (isRunstoneError(error, "DAMAGED")) return null;
    throw error;
  }
}
