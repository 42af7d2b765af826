import { findRun } from "../../core/index.js";
import { type ArtifactHead, receiveArtifacts } from "../../core/transfer/index.js";
import { isRunstoneError, type RunstoneError } from "../../store-format/index.js";
import type { NativeParties } from "../../sync/native/sync-session.js";
import { openByKind } from "../../sync/remotes/index.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { formatBytes } from "../output/number.js";
import { printJsonObject } from "../output/print-json.js";
import { visible } from "../output/visible.js";
import { choosePull } from "../sync/choose-pull.js";
import { chooseForSync, openChosenRemote } from "../sync/chosen.js";
import { jobsFor } from "../sync/jobs.js";
import { type NativeTarget, runNativeSync, withPeer } from "../sync/native-sync.js";
import { printSyncReport } from "../sync/print-report.js";
import type { FetchArguments } from "./fetch.js";

export async function runFetch(context: CommandContext, args: FetchArguments): Promise<void> {
  const asked = choosePull(context, args);
  const chosen = asked.runWords === undefined ? asked : chooseForSync(context, args);
  const remote = openChosenRemote(context, chosen);
  const native = (): Promise<number> =>
    chosen.runIds === undefined
      ? fetchRecords(context, { chosen, remote })
      : fetchArtifacts(context, args, { chosen, remote });
  process.exitCode = await openByKind(remote, { directory: native, ssh: native });
}

async function fetchRecords(context: CommandContext, target: NativeTarget): Promise<number> {
  const report = await runNativeSync(context, target, {
    ...{ direction: "pull", command: "runstone fetch", verb: "Fetching" },
    jobs: jobsFor(undefined, target.remote),
    ...{ withArtifacts: false, includeDeleted: false },
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
  const fetched = await withPeer(context, target, "runstone fetch", async (parties, signal) => {
    const all: Fetched[] = [];
    for (const runId of target.chosen.runIds ?? []) {
      if (signal.aborted) break;
      all.push(await fetchRun(parties, runId, args.only));
    }
    return all;
  });
  print(context, fetched, target);
  const isWhole = fetched.every(({ missing, error }) => missing.length === 0 && error === undefined);
  return isWhole && fetched.length === target.chosen.runIds?.length ? EXIT.ok : EXIT.partial;
}

async function fetchRun(
  { context, remote }: NativeParties,
  runId: string,
  only: readonly string[],
): Promise<Fetched> {
  const location = findRun(context, runId);
  const nothing = { runId, received: [], missing: [] };
  if (location === null) return nothing;
  try {
    const found = await receiveArtifacts(context, location, {
      source: (head, start) => remote.artifact(runId, head, start).catch(nullIfAbsent),
      isWanted: ({ path }) =>
        only.length === 0 ||
        only.some((wanted) => path === wanted || path.startsWith(`${wanted.replace(/\/$/, "")}/`)),
    });
    return { runId, ...found };
  } catch (error) {
    if (!isRunstoneError(error)) throw error;
    return { ...nothing, error };
  }
}

function nullIfAbsent(error: unknown): null {
  if (isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST")) return null;
  throw error;
}

function print(context: CommandContext, fetched: readonly Fetched[], { remote }: NativeTarget): void {
  const count = (key: "received" | "missing"): number =>
    fetched.reduce((sum, run) => sum + run[key].length, 0);
  const bytes = fetched.flatMap(({ received }) => received).reduce((sum, { size }) => sum + size, 0);
  if (context.json)
    return printJsonObject(context, {
      remote: remote.name,
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
      context.err.line(`runstone: ${runId.slice(0, 8)} failed: ${visible(error.message)}`);
    for (const { path } of missing)
      context.err.line(
        `runstone: ${runId.slice(0, 8)}: ${visible(remote.name)} has no bytes of ${visible(path)}`,
      );
  }
  const what = count("received") === 1 ? "1 artifact" : `${count("received")} artifacts`;
  context.out.line(
    count("received") === 0 && count("missing") === 0
      ? "Nothing is missing here"
      : `${what} of ${formatBytes(bytes)} fetched from ${visible(remote.name)}`,
  );
}
