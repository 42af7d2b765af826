import { implement } from "../command.js";
import { logMetric } from "../commands/log-metric.js";
import { runLogMetric } from "../commands/log-metric.run.js";
import { logParam, logTag } from "../commands/log-record.js";
import { runLogParam, runLogTag } from "../commands/log-record.run.js";
import type { Invocation } from "../execute.js";
import { runHot } from "./run-hot.js";

const COMMANDS = [
  implement(logMetric, async () => runLogMetric),
  implement(logParam, async () => runLogParam),
  implement(logTag, async () => runLogTag),
];

/** `runstone log metric|param|tag ...` */
export async function run(invocation: Invocation): Promise<boolean> {
  const [, name, ...tokens] = invocation.argv;
  const command = COMMANDS.find((known) => known.name === name);
  return command !== undefined && runHot(command, tokens, invocation);
}
