/** Work that only one process should do at a time (gc, repair): a claim that ends with its process. */
import { claimBytes, guardBytes, readClaim, releaseClaim, type TakeClaim, takeClaim } from "./claim-file.js";
import { checkMayReplace, stateOfClaim } from "./judge-claim.js";
import { type OwnerProbes, systemProbes } from "./judge-owner.js";
import { mtimeOf } from "./last-sign.js";
import { isLeftOver, noteGivenBack, noteHeld } from "./own-claims.js";
import { type LeaseOwner, newClaim } from "./owner.js";

export interface ExclusiveOptions {
  /** What is held, for messages: "the maintenance of this workspace". */
  readonly what: string;
  /** What to do when a silent owner holds it (another host), for the hint. */
  readonly hintSilent: string;
  /** Also take it from a silent owner. Default false. */
  readonly force?: boolean | undefined;
  readonly probes?: OwnerProbes | undefined;
}

/**
 * Claims the file `path`. A dead owner's claim is taken over at once; throws LEASE_HELD otherwise. Returns how to give
 * it back.
 */
export function takeExclusive(path: string, owner: LeaseOwner, options: ExclusiveOptions): () => void {
  const { what, hintSilent, force = false, probes = systemProbes() } = options;
  const claim = newClaim(owner, probes.now());
  const take: TakeClaim = {
    bytes: claimBytes(claim),
    guardBytes: guardBytes(owner, probes.now()),
    sync: false,
    checkReplaceable(found) {
      if (isLeftOver(found.claim, owner)) return;
      const state = stateOfClaim(found, mtimeOf(found.path) ?? 0, probes);
      checkMayReplace(state, { path: found.path, what, force, hintAlive: "Wait until it ends.", hintSilent });
    },
  };
  takeClaim(path, take);
  noteHeld(claim);
  return () => {
    noteGivenBack(claim);
    releaseClaim(path, take);
  };
}

/** Whether the owner of the claim at `path` shows life; false when there is none. */
export function isClaimAlive(path: string, probes: OwnerProbes = systemProbes()): boolean {
  const found = readClaim(path);
  return found !== null && stateOfClaim(found, mtimeOf(path) ?? 0, probes).verdict === "alive";
}
