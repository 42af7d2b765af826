/** What the index keeps of a run: its record, and the signature that tells whether its files changed since. */
import type { RunRecord } from "../search/run-record.js";

/** A record without its directory, which follows from where the experiment lies. */
export type IndexRecord = Omit<RunRecord, "directory">;

/** What the files of a run looked like when they were read. Its meaning is that of the freshness rules; a segment only keeps it. */
export interface RunSignature {
  /** Hash over the run directory and its sub-directories; unsigned, 64 bits. */
  readonly structure: bigint;
  /** Hash over the files; unsigned, 64 bits. */
  readonly content: bigint;
  /** When reading began, milliseconds since 1970. */
  readonly readAtMs: number;
  /** Of index-flags.ts. */
  readonly flags: number;
}

export interface IndexedRun {
  readonly record: IndexRecord;
  readonly signature: RunSignature;
}

/** The signatures of all rows, to be compared without making objects. Not to be changed. */
export interface SignatureColumns {
  readonly structure: BigUint64Array;
  readonly content: BigUint64Array;
  readonly readAtMs: Float64Array;
  readonly flags: Uint16Array;
}
