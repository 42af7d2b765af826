/** What a command is given: where it runs, where its words go, and what followed `--`. */
import type { Refresh } from "../core/index/open-run-table.js";
import type { Output } from "./output/output.js";
import type { Style } from "./output/style.js";
import type { OpenRuns } from "./store/open-runs.js";
import type { OpenStoresOptions } from "./store/open-stores.js";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface CommandContext {
  /** The current directory, `-C` applied. */
  readonly cwd: string;
  readonly env: Environment;
  /** `--store`, as given. */
  readonly store: string | undefined;
  /** Each `--store`: few commands work on several. */
  readonly stores: readonly string[];
  readonly json: boolean;
  /** `--refresh`, `--no-refresh`: how fresh the index must be. */
  readonly refresh: Refresh;
  /** Results. */
  readonly out: Output;
  /** Talk: progress, notes, warnings. */
  readonly err: Output;
  /** Colours for `out`. */
  readonly style: Style;
  /** Columns of the terminal behind `out`; undefined in a pipe. */
  readonly width: number | undefined;
  /** The command line after `--` (or from the first positional on), untouched. */
  readonly tail: readonly string[];
  /** How runs are opened that are in no directory: those of a server. */
  readonly openRuns?: (options: OpenStoresOptions) => Promise<OpenRuns>;
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back after the command, before what it printed is flushed: summaries on stderr. */
  atEnd(say: () => void): void;
}
