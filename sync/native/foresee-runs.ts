/** What bringing runs from one peer to the other would move. Both are asked; nothing is written. */
import {
  type ArtifactHead,
  countMissingPoints,
  planMerge,
  type ReceivedRun,
} from "../../core/transfer/index.js";
import { RunstoneError } from "../../store-format/index.js";
import type { Moved } from "../engine/progress.js";
import type { RunState } from "../engine/run-state.js";
import type { Conflict } from "../state/index.js";
import type { Offer, OfferOptions, Peer } from "./peer.js";

/** Offers of one request. */
const OFFERS_AT_ONCE = 32;

export interface ForeseeOptions {
  readonly from: Peer;
  readonly to: Peer;
  readonly runIds: readonly string[];
  readonly withArtifacts: boolean;
  /** Also bytes of artifacts that the other side was given only the names of. */
  readonly bringsBytes: boolean;
  /** What is known of a run from when both sides were last equal. */
  base(runId: string): RunState | null;
  /** Whether the other side has a run of this id. */
  isThere(runId: string): boolean;
}

export interface Foreseen {
  readonly runId: string;
  readonly error?: undefined;
  readonly moved: Required<Moved>;
  readonly conflicts: readonly Conflict[];
  /** Artifacts whose bytes would go. */
  readonly sent: readonly ArtifactHead[];
}

export type ForeseenRun = Foreseen | { readonly runId: string; readonly error: RunstoneError };

/** One for each run. Throws what ends a conversation. */
export async function* foreseeRuns(options: ForeseeOptions): AsyncGenerator<ForeseenRun> {
  for (let at = 0; at < options.runIds.length; at += OFFERS_AT_ONCE)
    yield* foreseeSome(options, options.runIds.slice(at, at + OFFERS_AT_ONCE));
}

async function* foreseeSome(options: ForeseeOptions, ids: readonly string[]): AsyncGenerator<ForeseenRun> {
  const { from, to, withArtifacts } = options;
  const theirs = await offersOf(from, ids, { artifacts: withArtifacts, points: false });
  const there = ids.filter((runId) => options.isThere(runId));
  const mine = await offersOf(to, there, { artifacts: false, points: false });
  for (const runId of ids) {
    const [offered, kept] = [theirs.get(runId), mine.get(runId)];
    try {
      if (offered === undefined) continue;
      if (offered instanceof RunstoneError) throw offered;
      if (kept instanceof RunstoneError) throw kept;
      yield await foresee(options, offered.run, kept?.run ?? null);
    } catch (error) {
      if (!(error instanceof RunstoneError) || error.code === "REMOTE_UNREACHABLE") throw error;
      yield { runId, error };
    }
  }
}

async function offersOf(
  peer: Peer,
  ids: readonly string[],
  options: OfferOptions,
): Promise<ReadonlyMap<string, Offer | RunstoneError>> {
  const found = new Map<string, Offer | RunstoneError>();
  if (ids.length === 0) return found;
  for await (const about of peer.offers(ids, options)) found.set(about.runId, about.error ?? about);
  return found;
}

async function foresee(
  options: ForeseeOptions,
  offered: ReceivedRun,
  kept: ReceivedRun | null,
): Promise<Foreseen> {
  const { document } = offered;
  const { runId } = document.info;
  if (kept === null) {
    const { params, tags, series, artifacts } = document;
    const brought = await foreseeArtifacts(options, offered, artifacts);
    const points = series.reduce((sum, { count }) => sum + count, 0);
    const counts = { params: Object.keys(params).length, tags: Object.keys(tags).length, points };
    return { runId, moved: { ...counts, ...brought.moved }, conflicts: [], sent: brought.sent };
  }
  const known = options.base(runId);
  const { params, tags, keys, artifacts, conflicts } = planMerge({
    ...{ mine: kept.document, document, common: known?.common ?? null },
    commonArtifacts: known?.artifacts ?? {},
    isIncomplete: offered.incomplete === true,
  });
  const lacking = options.bringsBytes && options.withArtifacts ? absentOf(kept, offered) : [];
  const brought = await foreseeArtifacts(options, offered, [...artifacts, ...lacking]);
  const points = keys.length === 0 ? 0 : await countPoints(options, runId, keys);
  return { runId, moved: { params, tags, points, ...brought.moved }, conflicts, sent: brought.sent };
}

/** Artifacts that the keeper knows by name, as they are offered. */
function absentOf(kept: ReceivedRun, { document }: ReceivedRun): readonly ArtifactHead[] {
  const absent = new Map(
    kept.document.artifacts
      .filter((head) => head.absent === true)
      .map(({ path, sha256 }) => [path, sha256] as const),
  );
  return document.artifacts.filter(({ path, sha256 }) => absent.get(path) === sha256);
}

async function foreseeArtifacts(
  { to, withArtifacts }: ForeseeOptions,
  { document, artifact }: ReceivedRun,
  heads: readonly ArtifactHead[],
): Promise<{ readonly moved: Pick<Required<Moved>, "artifacts" | "bytes">; readonly sent: ArtifactHead[] }> {
  const { runId } = document.info;
  const wanted = heads.map(({ path, sha256, size }) => ({ runId, path, sha256, size, start: 0 }));
  const counts = wanted.length === 0 ? [] : await to.counts(wanted);
  let [artifacts, bytes] = [0, 0];
  const sent: ArtifactHead[] = [];
  for (const [index, head] of heads.entries()) {
    const count = counts[index]!;
    // One that the sender has no file of may be among its objects.
    const isSent = withArtifacts && (head.absent !== true || (await artifact(head, 0)) !== null);
    const isAllThere = count === head.size && head.size > 0;
    if (!isSent && !isAllThere) continue;
    artifacts += 1;
    bytes += head.size - count;
    if (head.size > count) sent.push(head);
  }
  return { moved: { artifacts, bytes }, sent };
}

/** Both sides' points of these series, compared as sets. */
async function countPoints(
  { from, to }: ForeseeOptions,
  runId: string,
  keys: readonly string[],
): Promise<number> {
  return withOffer(from, runId, (theirs) =>
    withOffer(to, runId, async (mine) => {
      let count = 0;
      for (const key of keys) count += await countMissingPoints(key, mine.points, theirs.points);
      return count;
    }),
  );
}

/** The points of an offer can be read as long as it is the one at hand. */
async function withOffer<Result>(
  peer: Peer,
  runId: string,
  work: (run: ReceivedRun) => Promise<Result>,
): Promise<Result> {
  for await (const about of peer.offers([runId], { artifacts: false })) {
    if (about.error !== undefined) throw about.error;
    return await work(about.run);
  }
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no run ${runId} any more`, {
    data: { runId },
  });
}
