import { logMetric } from "../commands/log-metric.js";
import { logParam, logTag } from "../commands/log-record.js";
import type { Invocation } from "../execute.js";
import { runHot } from "./run-hot.js";

/** `runstone log metric|param|tag ...` */
export async function run(invocation: Invocation): Promise<boolean> {
  const [, name, ...tokens] = invocation.argv;
  const command = [logMetric, logParam, logTag].find((known) => known.name === name);
  return command !== undefined && runHot(command, tokens, invocation);
}
