/**
 * Takes what the lines of a stream say into a run: `::runstone` lines and `--capture` patterns.
 *
 * Each batch is marked in the spool before it is logged: where its lines begin, the time its points got, and the steps
 * counted so far. After a kill of the wrapper the same lines give the same points, so that recovery logs none twice.
 */
import { type Integer, isRunstoneError, type Metric, type StringMap } from "../../store-format/index.js";
import type { CapturedPoints, CapturePattern } from "./capture-pattern.js";
import { LineSplitter, MAX_RUN_LINE, type SplitLine } from "./line-splitter.js";
import { type ArtifactLine, type KeyedValue, parseRunLine, type RunLine } from "./run-lines.js";
import type { SpoolSink } from "./spool-follower.js";
import type { StepCounter } from "./step-counter.js";

/** Where records go. Each call throws a `RunstoneError` when it could not do all of its work. */
export interface RecordTarget {
  logMetrics(metrics: readonly Metric[]): void;
  logParams(params: StringMap): void;
  setTags(tags: StringMap): void;
  logArtifact(line: ArtifactLine): void;
  /** Whether the run has exactly this point: asked only after a failure or a kill. */
  hasPoint(metric: Metric): boolean;
}

/** Where a batch begins, so that it can be repeated. */
export interface RecordMark {
  /** Offset in the spool of the first line that the run may lack. */
  readonly from: number;
  /** Where the batch ends: points of later lines have no time yet. */
  readonly to: number;
  /** The time of its points, milliseconds since 1970. */
  readonly time: number;
  /** The next step of each key whose points are counted. */
  readonly steps: Readonly<Record<string, number>>;
}

export interface RunRecordsOptions {
  readonly patterns: readonly CapturePattern[];
  readonly target: RecordTarget;
  readonly steps: StepCounter;
  /** The time that points get which bring none. */
  readonly now: () => number;
  /** Recovery: the last mark of the wrapper that was killed. What the run has already is not logged again. */
  readonly replay?: RecordMark;
  /** Keeps a mark; a failure does not hold up the records. */
  readonly mark: (mark: RecordMark) => void;
  /** A line that could not be used: its text is foreign, its reason is for people. */
  readonly onBadLine: (offset: number, reason: string) => void;
  /** Told at every failure of the store. The records stay and are tried again. */
  readonly onFailure: (error: unknown) => void;
}

/** One step of work, with the line it came from. */
type Work =
  | {
      readonly kind: "metric";
      readonly offset: number;
      readonly metrics: Metric[];
      readonly doubtful: boolean;
    }
  | { readonly kind: "param"; readonly offset: number; readonly params: StringMap }
  | { readonly kind: "tag"; readonly offset: number; readonly tags: StringMap }
  | { readonly kind: "artifact"; readonly offset: number; readonly line: ArtifactLine };

/** Failures that lie in what was given, not in the store: trying again is no use. */
const REFUSED = [
  "INVALID_PARAMETER_VALUE",
  "PARAM_CONFLICT",
  "RESOURCE_DOES_NOT_EXIST",
  "RESOURCE_ALREADY_EXISTS",
] as const;

export class RunRecords implements SpoolSink {
  readonly #options: RunRecordsOptions;
  readonly #splitter: LineSplitter;
  #work: Work[] = [];

  constructor(options: RunRecordsOptions) {
    this.#options = options;
    this.#splitter = new LineSplitter(options.patterns.length > 0);
  }

  take(block: Buffer, offset: number): void {
    this.#takeLines(this.#splitter.push(block, offset), offset + block.length);
  }

  settle(): boolean {
    while (this.#work.length > 0) {
      if (!this.#do(this.#work[0]!)) return false;
    }
    return true;
  }

  /** Takes the last line, when the stream ended without a line end. */
  finish(): boolean {
    if (!this.settle()) return false;
    this.#takeLines(this.#splitter.end(), Number.MAX_SAFE_INTEGER);
    return this.settle();
  }

  #takeLines(lines: readonly SplitLine[], to: number): void {
    const first = lines[0];
    if (first === undefined) return;
    const { replay, steps, mark } = this.#options;
    const time = this.#options.now();
    const here = { from: first.offset, to, time, steps: steps.toRecord() };
    for (const line of lines)
      this.#takeLine(line, this.#isReplayed(line.offset) ? (replay?.time ?? time) : time);
    // Up to its end the mark of the killed wrapper holds.
    if (this.#work.length > 0 && !this.#isReplayed(first.offset)) mark(here);
  }

  #isReplayed(offset: number): boolean {
    return offset < (this.#options.replay?.to ?? 0);
  }

  #takeLine(line: SplitLine, time: number): void {
    if (line.cut) {
      this.#options.onBadLine(line.offset, `longer than ${MAX_RUN_LINE} bytes`);
      return;
    }
    const parsed = parseRunLine(line.text);
    if (parsed?.kind === "bad") this.#options.onBadLine(line.offset, parsed.reason);
    else if (parsed !== null) this.#addLine(parsed, line.offset, time);
    else this.#capture(line, time);
  }

  #addLine(line: RunLine, offset: number, time: number): void {
    switch (line.kind) {
      case "metric":
        this.#addPoints(line, offset, line.timestamp ?? time);
        return;
      case "param":
        this.#work.push({ kind: "param", offset, params: line.params });
        return;
      case "tag":
        this.#work.push({ kind: "tag", offset, tags: line.tags });
        return;
      case "artifact":
        this.#work.push({ kind: "artifact", offset, line });
    }
  }

  #capture(line: SplitLine, time: number): void {
    for (const pattern of this.#options.patterns) {
      const found: CapturedPoints | null = pattern.match(line.text);
      if (found !== null) this.#addPoints(found, line.offset, time);
    }
  }

  /** Points that follow one another go out in one call. */
  #addPoints(
    { values, step }: { readonly values: readonly KeyedValue[]; readonly step?: Integer },
    offset: number,
    timestamp: Integer,
  ): void {
    const metrics = values.map(({ key, value }) => ({
      key,
      value,
      timestamp,
      step: this.#options.steps.stepOf(key, step),
    }));
    const last = this.#work.at(-1);
    const doubtful = this.#options.replay !== undefined;
    if (last?.kind === "metric") last.metrics.push(...metrics);
    else this.#work.push({ kind: "metric", offset, metrics, doubtful });
  }

  /** True when the first piece of work is done with, one way or the other. */
  #do(work: Work): boolean {
    try {
      this.#log(work);
    } catch (error) {
      const refused = REFUSED.some((code) => isRunstoneError(error, code));
      if (!refused) this.#options.onFailure(error);
      if (work.kind === "metric" && work.metrics.length > 1) this.#splitUp(work, !refused);
      else if (refused) this.#giveUp(work, error as Error);
      return refused;
    }
    this.#work.shift();
    return true;
  }

  #giveUp(work: Work, error: Error): void {
    this.#options.onBadLine(work.offset, error.message);
    this.#work.shift();
  }

  /** One of several points is refused, or some may be in the run already: each goes on its own. */
  #splitUp(work: Extract<Work, { kind: "metric" }>, doubtful: boolean): void {
    const single = (metric: Metric): Work => ({
      ...work,
      metrics: [metric],
      doubtful: doubtful || work.doubtful,
    });
    this.#work = [...work.metrics.map(single), ...this.#work.slice(1)];
  }

  #log(work: Work): void {
    const { target } = this.#options;
    switch (work.kind) {
      case "metric":
        target.logMetrics(
          work.doubtful ? work.metrics.filter((point) => !target.hasPoint(point)) : work.metrics,
        );
        return;
      case "param":
        target.logParams(work.params);
        return;
      case "tag":
        target.setTags(work.tags);
        return;
      case "artifact":
        target.logArtifact(work.line);
    }
  }
}
