/** Takes one stream of a child into its run: the log as an artifact, and the records that its lines bring. */
import { dirname, join } from "node:path";
import type { RedactionCounts } from "../capture/redact.js";
import { ConsoleLog } from "./console-log.js";
import { type RecordMark, RunRecords, type RunRecordsOptions } from "./run-records.js";
import { readSpoolJson, type Spool, type StreamName, spoolFile, writeSpoolJson } from "./spool.js";
import { SpoolFollower } from "./spool-follower.js";

export interface StreamIntakeOptions extends Omit<RunRecordsOptions, "mark" | "onBadLine"> {
  readonly spool: Spool;
  readonly stream: StreamName;
  /** The run's `artifacts` directory, which gets the log. */
  readonly artifacts: string;
  /** A line that could not be used, by its byte offset in the stream. */
  readonly onBadLine: (stream: StreamName, offset: number, reason: string) => void;
}

export class StreamIntake {
  readonly #log: ConsoleLog;
  readonly #records: RunRecords;
  readonly #followers: readonly SpoolFollower[];

  /** Follows a spool file that exists. Throws typed errors. */
  constructor(options: StreamIntakeOptions) {
    const { spool, stream, artifacts, onFailure, onBadLine, replay } = options;
    const path = spoolFile(spool, stream);
    const logPath = logPathOf(spool, stream, artifacts);
    this.#log = new ConsoleLog({ path: logPath, within: dirname(artifacts), onFailure });
    this.#records = new RunRecords({
      ...options,
      mark: (mark) => writeMark(spool, stream, mark),
      onBadLine: (offset, reason) => onBadLine(stream, offset, reason),
    });
    this.#followers = [
      new SpoolFollower(path, this.#log, { onFailure }),
      new SpoolFollower(path, this.#records, { start: replay?.from ?? 0, onFailure }),
    ];
  }

  /** How many values each rule removed from the log. */
  get redactions(): RedactionCounts {
    return this.#log.counts;
  }

  /** The file may have grown. */
  wake(): void {
    for (const follower of this.#followers) follower.wake();
  }

  /** Takes everything up to the present end, a last line without an end included. False: the store could not take it all. */
  async finish(): Promise<boolean> {
    const carried = await Promise.all(this.#followers.map((follower) => follower.finish()));
    const settled = [this.#log.finish(), this.#records.finish()];
    return [...carried, ...settled].every((done) => done);
  }

  close(): void {
    for (const follower of this.#followers) follower.close();
  }
}

/** Absolute path of the log of a stream. */
export function logPathOf(spool: Spool, stream: StreamName, artifacts: string): string {
  return join(artifacts, ...spool.facts.logs[stream].split("/"));
}

function markName(stream: StreamName): string {
  return `${stream}.mark.json`;
}

/** A mark that cannot be kept costs, after a kill, at most some points logged twice: the records matter more. */
function writeMark(spool: Spool, stream: StreamName, mark: RecordMark): void {
  try {
    writeSpoolJson(spool, markName(stream), mark);
  } catch {
    // Told nowhere: the child's own output lies on the same disk and tells it.
  }
}

/** The last mark of a stream, or null when none of its lines brought a record. Throws `DAMAGED`. */
export function readMark(spool: Spool, stream: StreamName): RecordMark | null {
  return readSpoolJson(join(spool.path, markName(stream))) as RecordMark | null;
}
