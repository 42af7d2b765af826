/** Making a run there, once, whatever becomes of the answers. */
import { type Run, RunstoneError, type StringMap } from "../../store-format/index.js";
import type { MlflowCalls, NewRemoteRun } from "./calls.js";
import { isRefusal, mayHaveBeenDone } from "./failures.js";
import { findRemoteRun, ORIGIN_TAG, PUSHED_TAG } from "./find-runs.js";
import { fitsCreation } from "./send-values.js";
import type { WantedRecord } from "./wanted-record.js";

/** Waits between tries after a lost answer: the server may still be busy with the first one. Milliseconds. */
const WAITS = [250, 1_000, 4_000];

export interface Creation {
  readonly originId: string;
  readonly experimentId: string;
  readonly wanted: WantedRecord;
  readonly now: () => number;
  readonly signal: AbortSignal | undefined;
}

export interface CreatedRun {
  readonly run: Run;
  /** Tags that went along. */
  readonly tags: StringMap;
  /** It is surely empty: its making was answered. */
  readonly isFresh: boolean;
}

/** Throws what the server says, and REMOTE_UNREACHABLE when it says nothing for long. */
export async function createRemoteRun(calls: MlflowCalls, creation: Creation): Promise<CreatedRun> {
  const { wanted, originId, experimentId } = creation;
  let tags = firstTags(creation, fitsCreation(wanted.tags) ? wanted.tags : {});
  for (let attempt = 0; ; attempt += 1) {
    try {
      return { run: await calls.createRun(newRun(creation, tags)), tags, isFresh: true };
    } catch (error) {
      if (isRefusal(error) && Object.keys(tags).length > 2) {
        // One of the tags may be what is refused: the others follow one by one.
        tags = firstTags(creation, {});
        continue;
      }
      if (!mayHaveBeenDone(error) || attempt >= WAITS.length) throw error;
      await pause(WAITS[attempt]!, creation.signal);
      const found = await findRemoteRun(calls, experimentId, originId);
      const ref = found.find(({ lifecycleStage }) => lifecycleStage === "active");
      const run = ref === undefined ? null : await calls.getRun(ref.remoteRunId);
      if (run !== null) return { run, tags, isFresh: false };
    }
  }
}

function firstTags({ originId, now }: Creation, tags: StringMap): StringMap {
  return { ...tags, [ORIGIN_TAG]: tags[ORIGIN_TAG] ?? originId, [PUSHED_TAG]: String(now()) };
}

function newRun({ experimentId, wanted }: Creation, tags: StringMap): NewRemoteRun {
  const { runName, userId, startTime } = wanted;
  return { experimentId, runName, userId, startTime, tags };
}

/** Rejects when the signal is aborted. */
async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(new RunstoneError("REMOTE_UNREACHABLE", "stopped while waiting for the remote"));
      },
      { once: true },
    );
  });
}
