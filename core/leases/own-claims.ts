/**
 * Which claims this process holds. A claim of this very process that is not among them is a left-over: the disk was full
 * or broken when it should have been given back, and nobody works under it.
 */
import type { Lease as LeaseInfo } from "../../store-format/index.js";
import { isOwnClaim, type LeaseOwner } from "./owner.js";

const tokens = new Set<string>();

export function noteHeld(claim: LeaseInfo): void {
  tokens.add(claim.token);
}

export function noteGivenBack(claim: LeaseInfo): void {
  tokens.delete(claim.token);
}

/** Shells and jobs hold claims from one process to the next: those are never left over. */
export function isLeftOver(claim: LeaseInfo | null, owner: LeaseOwner): boolean {
  return claim !== null && claim.owner === "process" && isOwnClaim(claim, owner) && !tokens.has(claim.token);
}
