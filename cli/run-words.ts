/** The runs a command is about: words of the command line, `-` for a list on standard input. */
import type { CommandContext } from "./context.js";
import { readLines } from "./input/lines.js";
import { usageError } from "./parse/usage-error.js";
import { runOfThisShell } from "./session/shell-run.js";
import { findRunId } from "./store/find-run.js";
import type { OpenPlace } from "./store/open-place.js";

/** {@link expandDashes}, and `@last` and the like as ids. Throws USAGE when none are left. */
export async function expandRunWords(
  context: CommandContext,
  words: readonly string[],
): Promise<readonly string[]> {
  const expanded: string[] = [];
  for (const word of await expandDashes(words)) expanded.push(await withoutMark(context, word));
  return expanded;
}

/** The words with `-` replaced by the first word of each line of standard input. Throws USAGE when none are left. */
export async function expandDashes(words: readonly string[]): Promise<readonly string[]> {
  const expanded: string[] = [];
  for (const word of words) {
    if (word === "-") expanded.push(...(await readWords()));
    else expanded.push(word);
  }
  if (expanded.length === 0) throw usageError("missing RUN", "Give an id, a unique prefix of one, or a name");
  return expanded;
}

/** `@last`, `@best(loss)` and their kin. */
export function isMarked(word: string): boolean {
  return /^@(?:last|best)\b/.test(word);
}

/** A marked word as the id it stands for; every other as it is. */
async function withoutMark(context: CommandContext, word: string): Promise<string> {
  if (!isMarked(word)) return word;
  const { specialRunId } = await import("./store/special-run.js");
  return specialRunId(context, word);
}

/** The id of the one run that a word names: what every option and argument that names a run goes through. Throws as `findRunId`. */
export async function runIdOf(context: CommandContext, opened: OpenPlace, word: string): Promise<string> {
  return findRunId(opened, await withoutMark(context, word));
}

async function readWords(): Promise<readonly string[]> {
  const words: string[] = [];
  for await (const line of readLines(process.stdin)) {
    const word = line.trim().split(/\s+/)[0];
    if (word) words.push(word);
  }
  return words;
}

/** The run named by `--run`, RUNSTONE_RUN_ID, or the one live run that this shell started. */
export async function currentRunId(
  context: CommandContext,
  opened: OpenPlace,
  named: string | undefined,
): Promise<string> {
  const word = named ?? (context.env.RUNSTONE_RUN_ID || undefined);
  if (word !== undefined) return runIdOf(context, opened, word);
  return runOfThisShell(context, opened);
}
