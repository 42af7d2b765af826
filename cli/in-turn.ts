/** One change over a list of things: each is tried, each failure is told, the first decides the exit code. */
import type { CommandContext } from "./context.js";
import { reportError } from "./report-error.js";

/** A single item fails as it would alone: its error is thrown. */
export async function inTurn<T>(
  context: CommandContext,
  items: readonly T[],
  apply: (item: T) => Promise<void>,
): Promise<void> {
  if (items.length === 1) return apply(items[0]!);
  for (const item of items) {
    try {
      await apply(item);
    } catch (error) {
      const exitCode = reportError(error, { err: context.err, json: context.json, debug: false });
      process.exitCode ||= exitCode;
    }
  }
}
