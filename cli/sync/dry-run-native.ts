/** `--dry-run` with a native remote: both sides are asked, so that the counts are those of the transfer. */

import { systemClock } from "../../sync/http/clock.js";
import { RateLimiter } from "../../sync/http/rate-limiter.js";
import { readRemoteState, withCatalog } from "../../sync/index.js";
import { foreseeNativeCatalog } from "../../sync/native/foresee-catalog.js";
import { type Foresight, foreseeNative } from "../../sync/native/foresee-native.js";
import { assertOtherDirectory } from "../../sync/native/other-store.js";
import type { Direction } from "../../sync/native/plan.js";
import { StorePeer } from "../../sync/native/store-peer.js";
import type { SurveyParties } from "../../sync/native/survey.js";
import type { CommandContext } from "../context.js";
import type { ExitCode } from "../exit-codes.js";
import { onInterrupt } from "./interrupt.js";
import { idsThere, type NativeTarget, type NativeWords, nativeOptions } from "./native-sync.js";
import { openPeer, PROGRAM } from "./open-peer.js";
import { type DryCommand, type DryRow, printRowsOfDryRun } from "./print-dry-run.js";
import { exitCodeFor, tellProblems } from "./print-report.js";

/** What is foreseen, and of which command. */
export type NativeDryRun = NativeWords & { readonly direction: Direction; readonly command: DryCommand };

/** Takes no claim and writes nothing: the journal is read as it is. */
export async function dryRunNative(
  context: CommandContext,
  target: NativeTarget,
  words: NativeDryRun,
): Promise<ExitCode> {
  const report = await foresee(context, target, words);
  if (!context.json) tellProblems(context, report);
  const { command } = words;
  await printRowsOfDryRun(context, dryRowsOf(report), {
    ...{ command, remoteName: target.remote.name },
    ...{ catalog: report.catalog, withModels: words.withRegistry === true },
  });
  return exitCodeFor(report);
}

async function foresee(
  context: CommandContext,
  target: NativeTarget,
  words: NativeDryRun,
): Promise<Foresight> {
  return askPeer(context, target, async (parties, signal) => {
    const { runWords } = target.chosen;
    const chosen = runWords === undefined ? {} : { runIds: await idsThere(parties.remote, runWords) };
    const options = { ...nativeOptions(target, words), direction: words.direction, signal, ...chosen };
    const report = await foreseeNative(parties, options);
    if (report.interrupted) return report;
    const { context: store } = target.chosen.place;
    return withCatalog(report, await foreseeNativeCatalog({ ...parties, context: store }, options));
  });
}

/** Asks the peer without the claim of the remote's state; nothing is written. The signal is aborted by Ctrl-C. */
export async function askPeer<Result>(
  context: CommandContext,
  { chosen, remote, rate = null }: NativeTarget,
  ask: (parties: SurveyParties, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const store = chosen.place.context;
  if (remote.address.kind === "directory") assertOtherDirectory(store, remote.address.path);
  const state = readRemoteState(store, remote.name);
  const interrupt = onInterrupt();
  try {
    const throttle = rate === null ? null : new RateLimiter(rate, systemClock);
    const opened = await openPeer(context, remote.address, throttle);
    const local = new StorePeer({ program: PROGRAM, open: () => store });
    try {
      return await ask({ local, remote: opened.peer, state }, interrupt.signal);
    } catch (error) {
      throw await opened.explain(error);
    } finally {
      await opened.close();
    }
  } finally {
    interrupt.release();
    state.close();
  }
}

/** Runs of which something would go. */
export function dryRowsOf({ outcomes, created }: Pick<Foresight, "outcomes" | "created">): readonly DryRow[] {
  const concerned = outcomes.filter(({ result }) => result !== "unchanged" && result !== "skipped");
  return concerned.map(({ runId, runName, result, moved }) => {
    const state = result !== "done" ? result : created.has(runId) ? "new" : "changed";
    return { runId, runName, state, moved };
  });
}
