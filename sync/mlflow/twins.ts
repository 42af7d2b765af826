/** Two who push at once may both make a run: afterwards one active run of each origin stays, the earliest. */

import { findRemoteRuns } from "./find-runs.js";
import type { SentRun } from "./push-run.js";
import type { PushSession } from "./push-session.js";

/** Looks for twins of runs that this push made; ours is deleted there when another is earlier, and said. */
export async function settleTwins(
  session: PushSession,
  made: readonly SentRun[],
  note: (message: string) => void,
): Promise<void> {
  const byExperiment = new Map<string, SentRun[]>();
  for (const sent of made) {
    const { remoteExperimentId } = sent.expected;
    byExperiment.set(remoteExperimentId, [...(byExperiment.get(remoteExperimentId) ?? []), sent]);
  }
  for (const [experimentId, runs] of byExperiment) {
    const originIds = runs.map(({ expected }) => expected.runId);
    const found = await findRemoteRuns(session.calls, experimentId, originIds);
    for (const sent of runs)
      await settle(session, sent, { refs: found.get(sent.expected.runId) ?? [], note });
  }
}

async function settle(
  session: PushSession,
  { expected }: SentRun,
  {
    refs,
    note,
  }: {
    readonly refs: Awaited<ReturnType<typeof findRemoteRuns>> extends ReadonlyMap<string, infer R>
      ? R
      : never;
    readonly note: (message: string) => void;
  },
): Promise<void> {
  const active = refs.filter(({ lifecycleStage }) => lifecycleStage === "active");
  if (active.length < 2) return;
  const [first, ...others] = active;
  for (const { remoteRunId } of others) {
    await session.calls.deleteRun(remoteRunId);
    note(
      `run ${expected.runId} was there twice: ${first!.remoteRunId} stays, ${remoteRunId} was deleted there`,
    );
  }
  const known = session.state.run(expected.runId);
  if (known !== null && known.remoteRunId !== first!.remoteRunId)
    session.state.save({
      ...known,
      remoteRunId: first!.remoteRunId,
      localMark: null,
      receipt: null,
      watermarks: {},
      artifacts: {},
      common: null,
    });
}
