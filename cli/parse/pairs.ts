/** `key=value` words. */
import { visible } from "../output/visible.js";
import { usageError } from "./usage-error.js";

export interface Pair {
  readonly key: string;
  readonly value: string;
}

/** Cut at the first `=`; the value may be empty or hold more of them. Throws USAGE. */
export function parsePair(word: string): Pair {
  const cut = word.indexOf("=");
  if (cut > 0) return { key: word.slice(0, cut), value: word.slice(cut + 1) };
  throw usageError(`'${visible(word)}' is not KEY=VALUE`, "Write, for example, lr=0.1");
}

/** Throws USAGE for a key that comes twice with different values: which one was meant? */
export function parsePairs(words: readonly string[]): Readonly<Record<string, string>> {
  const map: Record<string, string> = Object.create(null);
  for (const { key, value } of words.map(parsePair)) {
    if (key in map && map[key] !== value) throw usageError(`'${visible(key)}' is given twice`);
    map[key] = value;
  }
  return map;
}
