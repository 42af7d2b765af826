/** Words that name a run, for the completion of a line that is being typed. */
import { isRunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { openPlaceTelling } from "./open-place.js";
import { listRunEntries, type RunEntry } from "./run-entries.js";

const MOST = 200;
/** A shell would take anything else apart, or ask for quotes. */
const PLAIN = /^[\p{L}\p{N}_.@%+/-]+$/u;

/** Names that one active run has, the newest first; ids when what is typed begins one. Nothing without a store. */
export function runWords(context: CommandContext, typed: string): readonly string[] {
  const entries = entriesOf(context);
  const ids = /^[0-9a-f]+$/.test(typed) ? entries.map(({ location }) => location.runId) : [];
  const counts = new Map<string, number>();
  for (const { info } of entries) counts.set(info.runName, (counts.get(info.runName) ?? 0) + 1);
  const names = [...counts].filter(([name, count]) => count === 1 && PLAIN.test(name)).map(([name]) => name);
  return [...names, ...ids].filter((word) => word.startsWith(typed)).slice(0, MOST);
}

function entriesOf(context: CommandContext): readonly RunEntry[] {
  try {
    return listRunEntries(
      openPlaceTelling(context, () => undefined),
      { view: "active" },
    );
  } catch (error) {
    if (isRunstoneError(error)) return [];
    throw error;
  }
}
