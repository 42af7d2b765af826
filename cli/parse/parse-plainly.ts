/** The parser of the fast path: plain lines of hot commands, without loading yargs. */
import type { Options } from "../command.js";
import { looksLikeOption, readOptionToken } from "./tokens.js";
import type { RawOptions } from "./values.js";

export interface ParsedLine {
  readonly raw: RawOptions;
  readonly positionals: readonly string[];
}

/** Null for whatever is not plain (a value missing, `--flag=x`, grouped letters): yargs decides then. */
export function parsePlainly(tokens: readonly string[], options: Options): ParsedLine | null {
  const raw = new Map<string, true | string[]>();
  const positionals: string[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index]!;
    if (!looksLikeOption(token)) {
      positionals.push(token);
      continue;
    }
    const found = readOptionToken(token, options);
    if (found === undefined) return null;
    if (found.option.type === "boolean") {
      if (found.glued !== undefined) return null;
      raw.set(found.name, true);
      continue;
    }
    const value = found.glued ?? tokens[index + 1];
    if (value === undefined || (found.glued === undefined && looksLikeOption(value))) return null;
    if (found.glued === undefined) index += 1;
    const earlier = raw.get(found.name);
    raw.set(found.name, [...(Array.isArray(earlier) ? earlier : []), value]);
  }
  return { raw, positionals };
}
