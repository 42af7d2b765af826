import { join } from "node:path";
import { type LeaseOwner, type OwnerProbes, processOwner, takeExclusive } from "../../core/leases/index.js";

export const CLAIM = "claim.yaml";

export interface ClaimOptions {
  readonly command?: string | undefined;
  readonly owner?: LeaseOwner | undefined;
  readonly probes?: OwnerProbes | undefined;
}

/** One process at a time works with a remote. Returns how to give the claim back. Throws LEASE_HELD naming the other. */
export function claimState(directory: string, name: string, options: ClaimOptions): () => void {
  const { command = "runstone", owner = processOwner(command), probes } = options;
  const claim = join(directory, CLAIM);
  return takeExclusive(claim, owner, {
    what: `the remote ${name}`,
    hintSilent: `If that process is gone for certain, remove ${claim}.`,
    probes,
  });
}
