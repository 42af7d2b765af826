import { type Invocation, withChannels } from "../execute.js";
import { helpWidth } from "../help/layout.js";
import { topLevelHelp } from "../help/top-level.js";

/** `runstone --help` alone */
export async function run(invocation: Invocation): Promise<boolean> {
  if (invocation.argv.length !== 1) return false;
  await withChannels(invocation, async ({ out }) => out.line(topLevelHelp(helpWidth(out, invocation.env))));
  return true;
}
