import { show } from "../commands/show.js";
import type { Invocation } from "../execute.js";
import { runHot } from "./run-hot.js";

/** `runstone show ...` */
export function run(invocation: Invocation): Promise<boolean> {
  return runHot(show, invocation.argv.slice(1), invocation);
}
