import { FollowedRun } from "../../core/follow/followed-run.js";
import { NewRuns } from "../../core/follow/new-runs.js";
import { rowsWithText, textAt } from "../../core/search/cells.js";
import type { RunRecord } from "../../core/search/run-record.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { visible } from "../output/visible.js";
import { usageError } from "../parse/usage-error.js";
import { chooseGlyphs } from "../plot/glyphs.js";
import { prefixLength } from "../runs/id-prefix.js";
import { findExperimentIds } from "../store/find-experiment.js";
import { type OpenRuns, openRuns } from "../store/open-runs.js";
import { resolveRuns } from "../store/resolve-runs.js";
import { type EventFormat, EventLines } from "../watch/event-lines.js";
import { Redraws } from "../watch/redraws.js";
import { Screen } from "../watch/screen.js";
import { Terminal } from "../watch/terminal.js";
import { type Condition, parseCondition } from "../watch/until.js";
import { missingMetrics, watchedPage } from "../watch/watched-page.js";
import type { WatchArguments } from "./watch.js";

/** How often the files are looked at: while something happens, and when nothing did for a while. */
const BUSY_MS = 200;
const IDLE_MS = 1000;
const IDLE_AFTER_MS = 10_000;
const NEW_RUNS_MS = 1000;

export async function runWatch(context: CommandContext, args: WatchArguments): Promise<void> {
  const condition = args.until === undefined ? undefined : parseCondition(args.until);
  const opened = openRuns(context, { experiments: args.experiment });
  const named = args.run.length > 0;
  const records = named ? resolveRuns(context, opened, args.run) : runningRuns(opened);
  const readable = records.filter(({ info }) => info !== null);
  if (named) tellDamaged(context, records, readable.length);
  const ids = findExperimentIds(opened.place, args.experiment);
  const watch = new Watch({
    runs: readable.map((record) => new FollowedRun(record)),
    newRuns: named ? undefined : new NewRuns(opened.place.context, ids),
    ...{ condition, wait: args.wait, now: context.now },
  });
  const format = eventFormat(context, args);
  const isLive = context.out.isTerminal && format === "lines" && context.env.TERM !== "dumb";
  context.atEnd(() => {
    for (const line of missingMetrics(watch.runs, args.metric))
      context.err.line(`runstone: ${visible(line)}`);
  });
  process.exitCode = isLive
    ? await watchOnScreen(context, args, watch)
    : await watchByLines(context, format, watch);
}

function eventFormat({ json }: CommandContext, { format }: WatchArguments): EventFormat {
  if (json && format !== undefined && format !== "jsonl")
    throw usageError(`--json and --format ${format} are both given`, "Give one of them");
  return json ? "jsonl" : (format ?? "lines");
}

/** Throws DAMAGED when none of the runs can be watched. */
function tellDamaged(context: CommandContext, records: readonly RunRecord[], readable: number): void {
  const damaged = records.filter(({ info }) => info === null);
  for (const { runId, damage } of damaged) {
    const reason = damage === null ? "its meta.yaml cannot be read" : visible(damage.reason);
    const message = `run ${runId} is damaged and cannot be watched: ${reason}`;
    if (readable === 0)
      throw new RunstoneError("DAMAGED", message, { hint: "See runstone fsck", data: { run: runId } });
    context.err.line(`runstone: ${message}`);
  }
}

function runningRuns({ table }: OpenRuns): readonly RunRecord[] {
  const states = table.column({ entity: "attribute", key: "state" });
  const stages = table.column({ entity: "attribute", key: "lifecycle_stage" });
  return rowsWithText(states, (state) => state === "RUNNING")
    .filter((row) => textAt(stages, row) === "active")
    .map((row) => table.runAt(row));
}

interface WatchOptions {
  readonly runs: readonly FollowedRun[];
  /** Set when runs that begin later are watched, too. */
  readonly newRuns: NewRuns | undefined;
  readonly condition: Condition | undefined;
  readonly wait: boolean;
  readonly now: () => number;
}

interface Watcher {
  begin(run: FollowedRun): void;
  news(run: FollowedRun, news: ReturnType<FollowedRun["poll"]>): void;
  /** After everything was looked at. */
  looked(): void;
}

/** Looks at the runs until they have ended, the condition holds, or it is told to stop. */
class Watch {
  readonly runs: FollowedRun[];
  readonly #options: WatchOptions;
  #passed = false;
  #stopped = false;
  #wake: (() => void) | undefined;
  #lastNews = performance.now();
  #lastNewRuns = performance.now();

  constructor(options: WatchOptions) {
    this.#options = options;
    this.runs = [...options.runs];
  }

  /** Ends the watch at its next look. */
  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  /** Returns the exit code. */
  async follow(watcher: Watcher): Promise<ExitCode> {
    for (const run of this.runs) this.#begin(run, watcher);
    for (;;) {
      this.#look();
      watcher.looked();
      if (this.#isOver()) return this.#exitCode();
      await this.#pause();
      for (const record of this.#newRuns()) {
        const run = new FollowedRun(record);
        this.runs.push(run);
        this.#begin(run, watcher);
      }
      for (const run of this.runs) if (!run.hasEnded) this.#poll(run, watcher);
    }
  }

  #begin(run: FollowedRun, watcher: Watcher): void {
    this.#softly(() => run.poll());
    watcher.begin(run);
  }

  #poll(run: FollowedRun, watcher: Watcher): void {
    const news = this.#softly(() => run.poll());
    if (news === undefined || (news.series.length === 0 && news.state === undefined)) return;
    this.#lastNews = performance.now();
    watcher.news(run, news);
  }

  /** A file that cannot be read just now is looked at again; a run that was moved away stays as it was. */
  #softly<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (isRunstoneError(error, "IO_ERROR") || isRunstoneError(error, "PERMISSION_DENIED")) return undefined;
      throw error;
    }
  }

  #look(): void {
    const { condition, now } = this.#options;
    if (condition !== undefined && !this.#passed) this.#passed = condition(this.runs, now());
  }

  #newRuns(): readonly RunRecord[] {
    const { newRuns } = this.#options;
    if (newRuns === undefined || performance.now() - this.#lastNewRuns < NEW_RUNS_MS) return [];
    this.#lastNewRuns = performance.now();
    return newRuns.poll().filter(({ info }) => info?.status === "RUNNING");
  }

  #isOver(): boolean {
    if (this.#stopped || this.#passed) return true;
    return !this.#options.wait && this.runs.every((run) => run.hasEnded);
  }

  #exitCode(): ExitCode {
    if (this.#passed || (this.#stopped && !this.runs.every((run) => run.hasEnded))) return EXIT.ok;
    if (this.#options.condition !== undefined) return EXIT.failure;
    return this.runs.every(({ state }) => state === "FINISHED") ? EXIT.ok : EXIT.failure;
  }

  #pause(): Promise<void> {
    const idle = performance.now() - this.#lastNews > IDLE_AFTER_MS;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, idle ? IDLE_MS : BUSY_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function watchByLines(context: CommandContext, format: EventFormat, watch: Watch): Promise<ExitCode> {
  const lines = new EventLines(context, format);
  if (watch.runs.length === 0) context.err.line("No run is running.");
  context.err.flush();
  return watch.follow({
    begin: (run) => lines.begin(run),
    news: (run, news) => lines.news(run, news),
    looked: () => {},
  });
}

async function watchOnScreen(context: CommandContext, args: WatchArguments, watch: Watch): Promise<ExitCode> {
  if (watch.runs.length === 0 && !args.wait) {
    context.out.line("No run is running.");
    return EXIT.ok;
  }
  const screen = new Screen((text) => {
    context.out.write(text);
    context.out.flush();
  });
  const page = () => watchedPage(watch.runs, viewOf(context, args, watch));
  const redraws = new Redraws(() => screen.draw(page()));
  const terminal = new Terminal(screen, { onRedraw: () => redraws.ask(), onQuit: () => watch.stop() });
  terminal.open();
  let code: ExitCode;
  try {
    code = await watch.follow({ begin: () => {}, news: () => {}, looked: () => redraws.ask() });
  } finally {
    redraws.stop();
    terminal.close();
  }
  for (const run of watch.runs) context.out.line(lastLine(context, run));
  return code;
}

function viewOf(
  context: CommandContext,
  args: WatchArguments,
  { runs }: Watch,
): Parameters<typeof watchedPage>[1] {
  return {
    width: context.out.columns(context.env) ?? 80,
    height: process.stdout.rows || 24,
    now: context.now(),
    style: context.style,
    glyphs: chooseGlyphs(args.ascii, context.env),
    prefix: prefixLength(runs.map(({ runId }) => runId)),
    metrics: args.metric,
    waiting: args.until ?? "",
  };
}

/** Stays on the terminal when the page is gone. */
function lastLine({ style }: CommandContext, run: FollowedRun): string {
  const id = style.cyan(visible(run.runId.slice(0, 7)));
  return `${id}  ${visible(run.info.runName)}  ${run.state}`;
}
