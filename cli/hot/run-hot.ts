/** The fast path: plain lines of commands that scripts call in a loop. Each hot command is bundled into one file. */
import type { Command } from "../command.js";
import { execute, type Invocation, withChannels } from "../execute.js";
import { type ParsedLine, parsePlainly } from "../parse/parse-plainly.js";
import { allOptions } from "../parse/route.js";
import { cutAtDashes } from "../parse/tokens.js";
import { textsOf } from "../parse/values.js";
import { serverOf } from "../server/address.js";

/** False, with nothing done, for whatever is not plain: `--help`, mistakes, subcommands, servers. The full parser decides then. */
export async function runHot(
  command: Command,
  tokens: readonly string[],
  invocation: Invocation,
  accepts: (line: ParsedLine) => boolean = () => true,
): Promise<boolean> {
  const { head, tail } = cutAtDashes(tokens);
  const parsed = parsePlainly(head, allOptions(command));
  if (parsed === null || parsed.raw.has("help") || parsed.raw.has("version")) return false;
  if (parsed.positionals.length > 0 && command.positionals === undefined) return false;
  if (!accepts(parsed) || serverOf(textsOf(parsed.raw, "store"), invocation.env) !== null) return false;
  const line = { raw: parsed.raw, positionals: [...parsed.positionals, ...(tail ?? [])], commandLine: [] };
  await withChannels(invocation, (channels) => execute(command, line, { invocation, ...channels }));
  return true;
}
