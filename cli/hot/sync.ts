import { pull } from "../commands/pull.js";
import { push } from "../commands/push.js";
import { sync } from "../commands/sync.js";
import type { Invocation } from "../execute.js";
import { runHot } from "./run-hot.js";

const COMMANDS = [pull, push, sync];

/** `runstone pull|push|sync ...`: where nothing is new, the start is what the command costs. */
export async function run(invocation: Invocation): Promise<boolean> {
  const [name, ...tokens] = invocation.argv;
  const command = COMMANDS.find((known) => known.name === name);
  return command !== undefined && runHot(command, tokens, invocation);
}
