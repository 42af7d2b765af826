/** What every operation on a store needs to know; made once when the store is opened. */
import type { IndexLocation, RunstoneError } from "../../store-format/index.js";
import type { LocationPolicy } from "./artifact-location.js";
import type { StorePaths } from "./layout.js";

/**
 * `default`: a call returns when the kernel has the data; meta files are durable at once, everything else at flush and end.
 * `full`: every call is durable when it returns. `fast`: points may wait in memory up to the stated window.
 */
export type Durability = "default" | "full" | "fast";

export interface ArtifactPolicy {
  /** Larger artifacts are left out of Git by the run's `.gitignore`. Bytes. */
  readonly gitMaxBytes: number;
  /** Larger artifacts are not copied into the objects, but stay the home of their object. Bytes. */
  readonly objectCopyMaxBytes: number;
  /** Sealed artifacts become objects by hard links where that works: no second copy, but an edit in place hits both. */
  readonly hardLinks: boolean;
}

/** Where the index of the store may be kept. */
export interface IndexPolicy {
  /** `auto`: in `directory`; `workspace`: in `.runstone/index`; `none`: nowhere. */
  readonly location: IndexLocation;
  /** Of the user's cache, absolute; null: there is none. */
  readonly directory: string | null;
}

export interface StoreContext extends StorePaths {
  readonly durability: Durability;
  /** How `artifact_location` and `artifact_uri` are written. */
  readonly locations: LocationPolicy;
  /** What happens to artifacts at the seal. */
  readonly artifactPolicy: ArtifactPolicy;
  readonly index: IndexPolicy;
  /**
   * Set when the workspace is of a newer format, or only its own config puts the store elsewhere. Everything that writes
   * asks `writable()`, which throws it.
   */
  readonly refusal?: RunstoneError;
  /** Milliseconds since 1970. */
  now(): number;
  /** Says something once that is no error (a part of capture that is missing, a damaged neighbour). */
  warn(message: string): void;
}
