import type { CommandContext } from "../context.js";
import { serializeJson, serializePrettyJson } from "./json.js";

/** One thing: indented. */
export function printJsonObject({ out }: CommandContext, value: object): void {
  out.line(serializePrettyJson(value));
}

/** Many things: an array with one element a line, printed as they come. */
export function printJsonArray({ out }: CommandContext, values: Iterable<object | string>): void {
  let first = true;
  for (const value of values) {
    out.write(first ? "[\n" : ",\n");
    out.write(serializeJson(value));
    first = false;
  }
  out.line(first ? "[]" : "\n]");
}
