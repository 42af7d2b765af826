/** What a sync of catalogs works with and gives: both sides, what is known of them, what was asked for. */
import type { CatalogChanges, CatalogEntry, CatalogKind, StringMap } from "../../store-format/index.js";
import type { CatalogConflict, CatalogCounts } from "./catalog-report.js";

export interface CatalogSide {
  /** Deleted ones, too. `problem`: what cannot be read. */
  list(kinds: readonly CatalogKind[], problem: (sentence: string) => void): Promise<readonly CatalogEntry[]>;
  /** Logged models: those of the ids that are there, or all. A side without it keeps none. */
  loggedModels?(
    modelIds: readonly string[] | null,
    problem: (sentence: string) => void,
  ): Promise<readonly CatalogEntry[]>;
  /** Without aliases. Null when it cannot be kept there; `problem` says why. */
  make(entry: CatalogEntry, problem: (sentence: string) => void): Promise<CatalogEntry | null>;
  change(target: CatalogEntry, changes: CatalogChanges): Promise<void>;
  /** A value as this side keeps it, where that is shorter. */
  asKept?(kind: CatalogKind, field: string, value: string): string;
}

/** What is known of an entry from when it was last looked at. */
export interface CatalogRecord {
  /** Its id at the remote. */
  readonly remoteId: string;
  /** What both sides had, experiments by their names here. */
  readonly fields: StringMap;
  readonly conflicts: readonly CatalogConflict[];
}

export interface CatalogState {
  catalog(key: string): CatalogRecord | null;
  catalogKeys(): Iterable<string>;
  /** Null forgets it. */
  saveCatalog(key: string, record: CatalogRecord | null): void;
}

export interface CatalogNaming {
  there(name: string): string;
  here(name: string): string;
  /** Whether the user said what it is called there. */
  isMapped(name: string): boolean;
}

export interface CatalogOptions {
  readonly direction: "push" | "pull" | "both";
  readonly includeDeleted: boolean;
  /** What was deleted on one side is made there anew. */
  readonly recheck: boolean;
  /** A push asks the remote only when something changed here. */
  readonly asksWhenChanged: boolean;
  readonly naming: CatalogNaming;
  /** Names of experiments here; undefined: every one. */
  readonly experimentNames: ReadonlySet<string> | undefined;
  /** Also experiments that no run is brought for. */
  readonly makesExperiments: boolean;
  /** Logged models come with their files or not at all. */
  readonly makesLoggedModels: boolean;
}

export interface CatalogParties {
  readonly local: CatalogSide;
  readonly remote: CatalogSide;
  readonly state: CatalogState;
}

/** An experiment here and its counterpart, by their names on each side and its id there. */
export interface ExperimentPair {
  readonly here: string;
  readonly there: string;
  readonly remoteId: string;
  /** Its name here when it was last looked at. */
  readonly before: string | null;
}

export interface CatalogResult {
  readonly counts: CatalogCounts;
  readonly conflicts: readonly CatalogConflict[];
  /** What is missing on a side, one sentence each. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}
