import { implement } from "../command.js";
import { run as runCommand } from "../commands/run.js";
import { runRun } from "../commands/run.run.js";
import { execute, type Invocation, withChannels } from "../execute.js";
import { parsePlainly } from "../parse/parse-plainly.js";
import { allOptions } from "../parse/route.js";
import { cutAtDashes } from "../parse/tokens.js";

const command = implement(runCommand, async () => runRun);

/** `runstone run OPTIONS -- COMMAND`; without the dashes the full parser finds where the command begins. */
export async function run(invocation: Invocation): Promise<boolean> {
  const { head, tail } = cutAtDashes(invocation.argv.slice(1));
  if (tail === undefined) return false;
  const parsed = parsePlainly(head, allOptions(command));
  if (parsed === null || parsed.raw.has("help") || parsed.raw.has("version") || parsed.positionals.length > 0)
    return false;
  const line = { raw: parsed.raw, positionals: [], commandLine: tail };
  await withChannels(invocation, (channels) => execute(command, line, { invocation, ...channels }));
  return true;
}
