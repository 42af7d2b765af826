export type { Lease as LeaseInfo } from "../../store-format/index.js";
export { type ExclusiveOptions, isClaimAlive, takeExclusive } from "./exclusive.js";
export type { LeaseState } from "./judge-claim.js";
export { judgeOwner, type OwnerProbes, systemProbes, type Verdict } from "./judge-owner.js";
export { LEASE_BEAT, lastActivity } from "./last-sign.js";
export { adoptLease, inspectLease, Lease, type LeaseOptions, takeLease } from "./lease.js";
export { isOwnClaim, type LeaseOwner, processOwner, shellOwner, slurmOwner } from "./owner.js";
export { type RunState, readRunState } from "./run-state.js";
export {
  claimWriterSlot,
  FOLD,
  type LiveWriter,
  leaveSlot,
  liveWriters,
  releaseLeftSlots,
  type WriterSlot,
} from "./writer-slot.js";
