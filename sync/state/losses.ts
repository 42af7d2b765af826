/** What a remote does not have any more. */

/** Ids here of runs that receipts speak of. */
export interface Losses {
  readonly gone: ReadonlySet<string>;
  /** There, without some of the params or points that they had. */
  readonly less: ReadonlySet<string>;
  /** There, with other tags, another name or end than both sides had: an older state, or somebody's change. */
  readonly different: ReadonlySet<string>;
}
