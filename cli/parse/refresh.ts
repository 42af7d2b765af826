/** How fresh the index must be, as every command that searches takes it. */
import type { Refresh } from "../../core/index/open-run-table.js";
import { usageError } from "./usage-error.js";
import { lastText, type RawOptions } from "./values.js";

const REFRESHES: readonly string[] = ["auto", "none", "full"] satisfies readonly Refresh[];

/** `--no-refresh` and `--refresh=WORD`; `auto` when neither is given. Throws USAGE. */
export function readRefresh(raw: RawOptions): Refresh {
  const word = lastText(raw, "refresh");
  if (word !== undefined && !REFRESHES.includes(word))
    throw usageError(`--refresh cannot be '${word}'`, `One of: ${REFRESHES.join(", ")}`);
  if (!raw.has("no-refresh")) return (word ?? "auto") as Refresh;
  if (word === undefined || word === "none") return "none";
  throw usageError(`--no-refresh contradicts --refresh=${word}`);
}
