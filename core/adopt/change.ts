/** What adopting a store changes, and what it leaves to its owner. */

export interface AdoptChange {
  /** Relative to the root; what begins with `.runstone/` lies in the workspace. `/` between components. */
  readonly path: string;
  /** What the thing is after the change. */
  readonly what: string;
  readonly why: string;
  /** What was there before is kept, under the same path below {@link AdoptReport.keptIn}. */
  readonly kept: boolean;
}

/** Something that is wrong and that only its owner can put right. */
export interface LeftAlone {
  readonly path: string;
  readonly reason: string;
  /** What the owner can do; empty: nothing has to be done. */
  readonly hint: string;
}

export interface AdoptReport {
  /** Absolute path of the store. */
  readonly root: string;
  /** Absolute path of its workspace, which adopting makes where there is none. */
  readonly workspace: string;
  /** False: a plan, nothing was changed. */
  readonly applied: boolean;
  readonly changes: readonly AdoptChange[];
  readonly leftAlone: readonly LeftAlone[];
  /** Changes that failed; the others were made. */
  readonly failures: readonly { readonly path: string; readonly reason: string }[];
  /** Absolute path of the directory with what was replaced or moved; null when nothing was. */
  readonly keptIn: string | null;
}
