import { findRun, type RunLocation, type StoreContext } from "../../core/index.js";
import {
  type ArtifactHead,
  absentArtifacts,
  type FetchedArtifacts,
  receiveArtifacts,
} from "../../core/transfer/index.js";
import { isRunstoneError, type RunstoneError } from "../../store-format/index.js";
import { fetchFromServer, foreseeFetchFromServer } from "../../sync/mlflow/fetch-artifacts.js";
import type { Peer } from "../../sync/native/peer.js";
import { openByKind } from "../../sync/remotes/index.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { formatBytes } from "../output/number.js";
import { printJsonObject } from "../output/print-json.js";
import { visible } from "../output/visible.js";
import { artifactMatcher } from "../parse/artifact-pattern.js";
import { rateOf } from "../parse/byte-rate.js";
import { usageError } from "../parse/usage-error.js";
import { choosePull } from "../sync/choose-pull.js";
import { chooseForSync, openChosenRemote } from "../sync/chosen.js";
import { askPeer, dryRowsOf, dryRunNative } from "../sync/dry-run-native.js";
import { askServer, dryRunPull, foreseeFromServer, printForesight } from "../sync/dry-run-pull.js";
import { afterExperiments } from "../sync/experiment-names.js";
import { jobsFor } from "../sync/jobs.js";
import { namedRun } from "../sync/named-run.js";
import { type NativeTarget, runNativeSync, withPeer } from "../sync/native-sync.js";
import { withServer } from "../sync/open-server.js";
import { printSyncReport } from "../sync/print-report.js";
import { pullFromServer, type ServerPull } from "../sync/pull-from-server.js";
import { tellWaits } from "../sync/tell-waits.js";
import type { FetchArguments } from "./fetch.js";

export async function runFetch(context: CommandContext, args: FetchArguments): Promise<void> {
  const asked = choosePull(context, args);
  const chosen = asked.runWords === undefined ? asked : chooseForSync(context, args);
  if (args.only.length > 0 && chosen.runIds === undefined)
    throw usageError("--only needs runs", "runstone fetch RUN --only PATH");
  const remote = openChosenRemote(context, chosen);
  const target = { chosen, remote, rate: rateOf(args["limit-rate"]) };
  const native = (): Promise<number> =>
    chosen.runIds === undefined ? fetchRecords(context, args, target) : fetchArtifacts(context, args, target);
  const exitCode = await openByKind(remote, {
    mlflow: () => fetchFromMlflow(context, args, target),
    directory: native,
    ssh: native,
  });
  process.exitCode = args["dry-run"] ? exitCode : afterExperiments(context, chosen, exitCode);
}

/** A server tells no hashes: what a run came without is in no record here, and comes as by a pull. */
async function fetchFromMlflow(
  context: CommandContext,
  args: FetchArguments,
  target: NativeTarget,
): Promise<number> {
  const { runIds } = target.chosen;
  const isWanted = artifactMatcher(args.only);
  const { rate = null } = target;
  const how = {
    ...{ jobs: jobsFor(args.jobs, target.remote), includeDeleted: false },
    withArtifacts: runIds !== undefined,
    ...(args.only.length > 0 ? { isWantedArtifact: isWanted } : {}),
  };
  if (args["dry-run"]) return foreseeFromMlflow(context, target, { ...how, isWanted });
  const words = { command: "runstone fetch", verb: "Fetching", rate };
  const report = await pullFromServer(context, target, { ...how, ...words });
  if (runIds === undefined || report.interrupted) return printSyncReport(context, report, "fetched from");
  // What was freed here is in the record, and comes by its hash.
  const server = { command: "runstone fetch", connections: how.jobs, rate, onWait: tellWaits(context) };
  const fetched = await withServer(target, server, (parties, signal) =>
    inTurn(
      runIds,
      signal,
      (location) => fetchFromServer(parties, location, { signal, isWanted: ({ path }) => isWanted(path) }),
      parties.context,
    ),
  );
  const pulled = report.outcomes.some(({ result }) => result !== "unchanged");
  if (pulled) return Math.max(printSyncReport(context, report, "fetched from"), isWhole(fetched, runIds));
  print(context, fetched, target);
  return isWhole(fetched, runIds);
}

async function foreseeFromMlflow(
  context: CommandContext,
  target: NativeTarget,
  { isWanted, ...how }: ServerPull & { readonly isWanted: (path: string) => boolean },
): Promise<number> {
  const { runIds, place } = target.chosen;
  if (runIds === undefined) return dryRunPull(context, target, { ...how, command: "fetch" });
  const report = await foreseeFromServer(context, target, how);
  const foreseen = await askServer(context, { ...target, jobs: how.jobs }, (parties, signal) =>
    inTurn(
      runIds,
      signal,
      (location) =>
        foreseeFetchFromServer(parties, location, { signal, isWanted: ({ path }) => isWanted(path) }),
      place.context,
    ),
  );
  const isAll = isWhole(foreseen, runIds);
  if (report.outcomes.some(({ result }) => result !== "unchanged"))
    return Math.max(
      await printForesight(context, report, { rows: dryRowsOf(report), command: "fetch" }),
      isAll,
    );
  print(context, foreseen, { ...target, isForeseen: true });
  return isAll;
}

async function fetchRecords(
  context: CommandContext,
  args: FetchArguments,
  target: NativeTarget,
): Promise<number> {
  const how = { jobs: jobsFor(args.jobs, target.remote), withArtifacts: false, includeDeleted: false };
  if (args["dry-run"]) return dryRunNative(context, target, { ...how, direction: "pull", command: "fetch" });
  const report = await runNativeSync(context, target, {
    ...{ ...how, direction: "pull", command: "runstone fetch", verb: "Fetching" },
  });
  return printSyncReport(context, report, "fetched from");
}

interface Fetched {
  readonly runId: string;
  readonly received: readonly ArtifactHead[];
  readonly missing: readonly ArtifactHead[];
  readonly error?: RunstoneError;
}

async function fetchArtifacts(
  context: CommandContext,
  args: FetchArguments,
  target: NativeTarget,
): Promise<number> {
  const isWanted = artifactMatcher(args.only);
  const runIds = target.chosen.runIds ?? [];
  if (args["dry-run"]) {
    const foreseen = await askPeer(context, target, ({ remote }, signal) => {
      const store = target.chosen.place.context;
      return inTurn(runIds, signal, (location) => foreseeFetch(store, location, { remote, isWanted }), store);
    });
    print(context, foreseen, { ...target, isForeseen: true });
    return isWhole(foreseen, runIds);
  }
  const fetched = await withPeer(context, target, "runstone fetch", ({ context: store, remote }, signal) =>
    inTurn(
      runIds,
      signal,
      (location) =>
        receiveArtifacts(store, location, {
          source: (head, start) => remote.artifact(location.runId, head, start).catch(nullIfAbsent),
          isWanted: ({ path }) => isWanted(path),
        }),
      store,
    ),
  );
  print(context, fetched, target);
  return isWhole(fetched, runIds);
}

function isWhole(fetched: readonly Fetched[], runIds: readonly string[]): number {
  const isAll = fetched.every(({ missing, error }) => missing.length === 0 && error === undefined);
  return isAll && fetched.length === runIds.length ? EXIT.ok : EXIT.partial;
}

type FetchRun = (location: RunLocation) => Promise<FetchedArtifacts>;

async function inTurn(
  runIds: readonly string[],
  signal: AbortSignal,
  fetchRun: FetchRun,
  store: StoreContext,
): Promise<readonly Fetched[]> {
  const all: Fetched[] = [];
  for (const runId of runIds) {
    if (signal.aborted) break;
    all.push(await fetchOne(store, runId, { fetchRun, signal }));
  }
  return all;
}

async function fetchOne(
  store: StoreContext,
  runId: string,
  { fetchRun, signal }: { readonly fetchRun: FetchRun; readonly signal: AbortSignal },
): Promise<Fetched> {
  const location = findRun(store, runId);
  const nothing = { runId, received: [], missing: [] };
  if (location === null) return nothing;
  try {
    return { runId, ...(await fetchRun(location)) };
  } catch (error) {
    // A stop is no failure of the run.
    if (signal.aborted) return nothing;
    if (!isRunstoneError(error)) throw error;
    return { ...nothing, error };
  }
}

function nullIfAbsent(error: unknown): null {
  if (isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST")) return null;
  throw error;
}

/** What the peer has the bytes of: as many as it counts. */
async function foreseeFetch(
  store: StoreContext,
  location: RunLocation,
  { remote, isWanted }: { readonly remote: Peer; readonly isWanted: (path: string) => boolean },
): Promise<FetchedArtifacts> {
  const wanted = absentArtifacts(store, location).filter(({ path }) => isWanted(path));
  const { runId } = location;
  const counts =
    wanted.length === 0 ? [] : await remote.counts(wanted.map((head) => ({ ...head, runId, start: 0 })));
  const isThere = (index: number): boolean => counts[index] === wanted[index]!.size;
  return {
    received: wanted.filter((_, index) => isThere(index)),
    missing: wanted.filter((_, index) => !isThere(index)),
  };
}

interface FetchTarget extends NativeTarget {
  /** Of a dry run. */
  readonly isForeseen?: boolean;
}

function print(context: CommandContext, fetched: readonly Fetched[], target: FetchTarget): void {
  const { remote, chosen, isForeseen = false } = target;
  const store = chosen.place.context;
  const count = (key: "received" | "missing"): number =>
    fetched.reduce((sum, run) => sum + run[key].length, 0);
  const bytes = fetched.flatMap(({ received }) => received).reduce((sum, { size }) => sum + size, 0);
  if (context.json)
    return printJsonObject(context, {
      ...{ remote: remote.name, dry_run: isForeseen },
      ...{ received: count("received"), missing: count("missing"), bytes },
      runs: fetched.map(({ runId, received, missing, error }) => ({
        run_id: runId,
        received: received.map(({ path }) => path),
        missing: missing.map(({ path }) => path),
        error: error?.toJSON(),
      })),
    });
  for (const { runId, missing, error } of fetched) {
    if (error !== undefined)
      context.err.line(`runstone: ${visible(namedRun(store, runId))} failed: ${visible(error.message)}`);
    for (const { path } of missing)
      context.err.line(
        `runstone: ${visible(namedRun(store, runId))}: ${visible(remote.name)} has no bytes of ${visible(path)}`,
      );
  }
  const what = count("received") === 1 ? "1 artifact" : `${count("received")} artifacts`;
  const whatOf = `${what} of ${formatBytes(bytes)}`;
  const from = `from ${visible(remote.name)}`;
  if (count("received") === 0 && count("missing") === 0) context.out.line("Nothing is missing here");
  else context.out.line(isForeseen ? `Would fetch ${whatOf} ${from}` : `${whatOf} fetched ${from}`);
}
