/** One run on its way from the server: read whole, then taken or merged, then what is known of it is written. */
import type { RunLocation } from "../../core/index.js";
import { mergeRun, type ReceivedRun, receiveRun } from "../../core/transfer/index.js";
import type { RunOutcome } from "../engine/report.js";
import type { Conflict } from "../state/index.js";
import type { PullTask } from "./pull-plan.js";
import type { PullSession } from "./pull-session.js";
import { receiveModels } from "./pulled-models.js";
import { type PulledRead, PulledRunReader } from "./read-pulled-run.js";
import { settlePulledRun } from "./settle-pulled-run.js";

/** Throws `RunstoneError`; nothing is known of the run then that was not known before. */
export function pullRun(session: PullSession, task: PullTask): Promise<RunOutcome> {
  return new RunPull(session, task).pull();
}

class RunPull {
  readonly #session: PullSession;
  readonly #task: PullTask;
  readonly #reader: PulledRunReader;

  constructor(session: PullSession, task: PullTask) {
    this.#session = session;
    this.#task = task;
    this.#reader = new PulledRunReader(session, task);
  }

  async pull(): Promise<RunOutcome> {
    const read = await this.#reader.read();
    if ("result" in read) return read;
    try {
      return await this.#keep(read);
    } finally {
      read.artifacts.clear();
    }
  }

  async #keep(read: PulledRead): Promise<RunOutcome> {
    const { context } = this.#session;
    const { document, points, artifacts, mine, state, experiment } = read;
    const received: ReceivedRun = {
      document,
      points: points.source,
      artifact: ({ path }) => artifacts.bytes.get(path) ?? null,
      experimentTags: experiment.tags,
    };
    if (mine !== null) {
      const { changed, conflicts } = await mergeRun(context, mine.location, {
        theirs: received,
        common: state?.common ?? null,
        commonArtifacts: state?.artifacts ?? {},
      });
      this.#reader.countTexts(document, mine.document);
      await this.#keepModels(read);
      return this.#settle(read, mine.location, { isChanged: changed, conflicts });
    }
    const experimentId = this.#session.experiments.ensure(experiment);
    const { location, created } = await receiveRun(context, received, { experimentId });
    // Somebody else made it meanwhile: it is merged the next time.
    if (!created)
      return this.#reader.outcome(document.info.runName, { result: "skipped", reason: "it is being made" });
    this.#reader.countTexts(document, null);
    await this.#keepModels(read);
    return this.#settle(read, location, { isChanged: true, conflicts: [] });
  }

  #keepModels({ models, experiment }: PulledRead): Promise<void> {
    const lack = (sentence: string): void => this.#reader.lack(sentence);
    return receiveModels(this.#session, models, { experiment, lack });
  }

  #settle(
    read: PulledRead,
    location: RunLocation,
    { isChanged, conflicts }: { readonly isChanged: boolean; readonly conflicts: readonly Conflict[] },
  ): RunOutcome {
    const { mine, run } = read;
    settlePulledRun(this.#session, {
      ...{ task: this.#task, run, location, conflicts },
      mine: mine?.document ?? null,
      ...{ state: read.state, document: read.document, points: read.points, artifacts: read.artifacts },
      exceptions: this.#reader.exceptions,
    });
    const result = conflicts.length > 0 ? "conflict" : isChanged ? "done" : "unchanged";
    return { ...this.#reader.outcome(read.document.info.runName, { result }), conflicts };
  }
}
