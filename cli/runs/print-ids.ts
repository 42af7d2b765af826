import type { CommandContext } from "../context.js";
import { printJsonArray } from "../output/print-json.js";
import { visible } from "../output/visible.js";

/** Full ids, one a line, or as a JSON array. */
export function printIds(context: CommandContext, ids: readonly string[]): void {
  if (context.json) return printJsonArray(context, ids);
  for (const id of ids) context.out.line(visible(id));
}
