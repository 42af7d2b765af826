/**
 * What the two kinds of native remotes have in common: a store in a directory, worked on in this process, and one at the far
 * end of a pipe. The engine asks a peer and does not know which it is. The local store is a peer, too: a push goes from it,
 * a pull to it.
 */
import type { ArtifactBytes, ArtifactHead, ReceivedRun } from "../../core/transfer/index.js";
import type { Capability, WantedArtifact, WireCheck, WireHead } from "../../protocol/index.js";
import type { RunstoneError, StringMap } from "../../store-format/index.js";
import type { CatalogSide } from "../engine/catalog-parties.js";
import type { Moved } from "../engine/progress.js";
import type { CommonRecord } from "../engine/run-state.js";
import type { Conflict } from "../state/index.js";
import type { ModelSide } from "./model-side.js";

export interface Heads {
  /** False: there is no store yet; a push makes it. */
  readonly exists: boolean;
  /** Over all heads: the same digest, the same heads. Null when a head has no mark: then it says nothing. */
  readonly digest: string | null;
  /** Null: they have the digest that was asked about. */
  readonly heads: readonly WireHead[] | null;
}

/** About one run: what was asked for, or why not. A run that is not there is RESOURCE_DOES_NOT_EXIST. */
export type About<Value> =
  | ({ readonly runId: string; readonly error?: undefined } & Value)
  | { readonly runId: string; readonly error: RunstoneError };

/** A run as one peer offers it to another. Its points are read before its artifacts, both in the document's order. */
export interface Offer {
  readonly run: ReceivedRun;
  /** What could not be read there and is left out, or travels otherwise: one sentence each. */
  readonly notes: readonly string[];
}

/** A run to be kept. */
export interface OfferToKeep extends Offer {
  /** What both sides had when they were last equal; null: not known. */
  readonly base: CommonRecord | null;
  /** Artifacts both sides had then: path -> SHA-256. */
  readonly baseArtifacts: StringMap;
  /** Bytes are wanted that the keeper knows only the names of; else it is left as it is. */
  readonly bringsBytes: boolean;
}

/** What became of a run that was offered. */
export interface Kept {
  /** `same`: all of it was there already. */
  readonly outcome: "created" | "merged" | "same";
  /** From the keeper's side: `mine` is what it has. */
  readonly conflicts: readonly Conflict[];
  /** What of it came, and was not there before; absent: the keeper, of an older release, does not tell. */
  readonly moved?: Required<Moved>;
}

export interface Peer {
  /** The program at the other side, for people. */
  readonly program: string;
  readonly capabilities: readonly Capability[];
  /** Messages that were asked, for reports. */
  readonly requests: number;

  /** Whether a probe that the asking side put into its own store lies in this one: then both are the same store. */
  sees(probe: string): Promise<boolean>;
  heads(known: string | null): Promise<Heads>;
  /** In the order of the ids, each taken after its mark. */
  check(runIds: readonly string[], options?: CheckOptions): AsyncIterable<About<WireCheck>>;
  /** In the order of the ids. What is read of an offer is to be read before the next offer. */
  offers(runIds: readonly string[], options: OfferOptions): AsyncIterable<About<Offer>>;
  /** The bytes of an artifact from a byte on; null when they are not there. */
  artifact(runId: string, head: ArtifactHead, start: number): Promise<ArtifactBytes | null>;
  /** How many bytes of each artifact are there already: all, some to go on from, or none. */
  counts(wanted: readonly WantedArtifact[]): Promise<readonly number[]>;
  /** Takes runs one after another; an answer each, in their order. */
  keep(offers: AsyncIterable<OfferToKeep>): AsyncIterable<About<Kept>>;
  /** Sets what was in conflict to the value that the user chose. */
  settle(runId: string, choice: Settled): Promise<void>;
  /** Experiments, registered models and versions; null when the other side is too old to tell of them. */
  readonly catalog: CatalogSide | null;
  /** Logged models; null when the other side is too old to tell of them. */
  readonly models: ModelSide | null;
  close(): Promise<void>;
}

export interface CheckOptions {
  /** Every sealed file is hashed; a run with damage is DAMAGED. */
  readonly deep?: boolean;
  /** Only what meta.yaml says is wanted, of runs that the other side lacks: the mark may be null, the digest empty. */
  readonly brief?: boolean;
}

/** As in the conflict; a value of null removes a tag. */
export interface Settled extends Pick<Conflict, "field" | "key"> {
  readonly value: string | null;
}

export interface OfferOptions {
  /** False: artifacts are named and not sent. */
  readonly artifacts: boolean;
  /** False: only the documents are wanted. */
  readonly points?: boolean;
}
