/**
 * What the two kinds of native remotes have in common: a store in a directory, worked on in this process, and one at the far
 * end of a pipe. The engine asks a peer and does not know which it is.
 */
import type {
  Capability,
  ObjectFailure,
  ObjectPiece,
  WantedArtifact,
  WireCheck,
  WireDocument,
  WireHead,
  WirePoints,
} from "../../protocol/index.js";
import type { RunstoneError } from "../../store-format/index.js";

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

export interface SentRun {
  readonly document: WireDocument;
  /** In file order, key by key. */
  readonly points: AsyncIterable<WirePoints> | Iterable<WirePoints>;
}

export interface Peer {
  /** The program at the other side, for people. */
  readonly program: string;
  readonly capabilities: readonly Capability[];
  /** Messages sent and answered, for reports. */
  readonly requests: number;

  heads(known: string | null): Promise<Heads>;
  /** In the order of the ids, each taken after its mark. */
  check(runIds: readonly string[]): AsyncIterable<About<WireCheck>>;
  documents(runIds: readonly string[]): AsyncIterable<About<{ readonly document: WireDocument }>>;
  /** Documents with points. The points of a run are to be read before the next run. */
  runs(runIds: readonly string[]): AsyncIterable<About<SentRun>>;
  /** Bytes of artifacts, in the order asked for; one that cannot be sent is an error in place of its bytes. */
  artifacts(wanted: readonly WantedArtifact[]): AsyncIterable<ObjectPiece | ObjectFailure>;
  close(): Promise<void>;
}
