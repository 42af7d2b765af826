/** How old an answer is that rests on the index as it was (`--no-refresh`). */
import type { RunTable } from "../../core/search/run-table.js";
import type { CommandContext } from "../context.js";
import { formatAge, formatMoment } from "../output/time.js";

/** An index that was brought up to date a moment ago is not worth a word. */
const FRESH_MS = 2_000;

/** `as of 3h ago (...)`, or nothing of a table that is fresh. */
export function agePart(context: Pick<CommandContext, "now">, { asOf }: Pick<RunTable, "asOf">): string[] {
  const now = context.now();
  return now - asOf < FRESH_MS ? [] : [`as of ${formatAge(asOf, now)} ago (${formatMoment(asOf)})`];
}

/** Says it on stderr after the command, where no footer of its own does. */
export function tellAgeAtEnd(context: CommandContext, table: RunTable): void {
  const [text] = agePart(context, table);
  if (text !== undefined) context.atEnd(() => context.err.line(text));
}
