import type { CommandContext } from "../context.js";
import { pushOrSync } from "./push.run.js";
import type { PushArguments } from "./push-options.js";

export async function runSync(context: CommandContext, args: PushArguments): Promise<void> {
  return pushOrSync(context, args, "both");
}
