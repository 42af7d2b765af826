/** `--dry-run` with a native remote: both sides are asked, so that the counts are those of the transfer. */

import { systemClock } from "../../sync/http/clock.js";
import { RateLimiter } from "../../sync/http/rate-limiter.js";
import { readRemoteState } from "../../sync/index.js";
import { type Foresight, foreseeNative } from "../../sync/native/foresee-native.js";
import type { Direction } from "../../sync/native/plan.js";
import { StorePeer } from "../../sync/native/store-peer.js";
import type { CommandContext } from "../context.js";
import type { ExitCode } from "../exit-codes.js";
import { onInterrupt } from "./interrupt.js";
import { type NativeTarget, type NativeWords, nativeOptions } from "./native-sync.js";
import { openPeer, PROGRAM } from "./open-peer.js";
import { type DryRow, printRowsOfDryRun } from "./print-dry-run.js";
import { exitCodeFor, tellProblems } from "./print-report.js";

const WORDS: Readonly<
  Record<Direction, { readonly verb: string; readonly done: string; readonly preposition: string }>
> = {
  push: { verb: "push", done: "pushed to", preposition: "to" },
  pull: { verb: "pull", done: "pulled from", preposition: "from" },
  both: { verb: "sync", done: "synced with", preposition: "with" },
};

/** Takes no claim and writes nothing: the journal is read as it is. */
export async function dryRunNative(
  context: CommandContext,
  target: NativeTarget,
  words: NativeWords & { readonly direction: Direction },
): Promise<ExitCode> {
  const report = await foresee(context, target, words);
  if (!context.json) tellProblems(context, report);
  await printRowsOfDryRun(context, rowsOf(report), {
    ...WORDS[words.direction],
    remoteName: target.remote.name,
  });
  return exitCodeFor(report);
}

async function foresee(
  context: CommandContext,
  target: NativeTarget,
  words: NativeWords & { readonly direction: Direction },
): Promise<Foresight> {
  const { chosen, remote, rate = null } = target;
  const store = chosen.place.context;
  const state = readRemoteState(store, remote.name);
  const interrupt = onInterrupt();
  try {
    const throttle = rate === null ? null : new RateLimiter(rate, systemClock);
    const opened = await openPeer(context, remote.address, throttle);
    const local = new StorePeer({ program: PROGRAM, open: () => store });
    const options = { ...nativeOptions(target, words), direction: words.direction, signal: interrupt.signal };
    try {
      return await foreseeNative({ local, remote: opened.peer, state }, options);
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
function rowsOf({ outcomes, created }: Foresight): readonly DryRow[] {
  const concerned = outcomes.filter(({ result }) => result !== "unchanged" && result !== "skipped");
  return concerned.map(({ runId, runName, result, moved }) => {
    const state = result !== "done" ? result : created.has(runId) ? "new" : "changed";
    return { runId, runName, state, moved };
  });
}
