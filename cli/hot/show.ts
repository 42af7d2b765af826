import { implement } from "../command.js";
import { show } from "../commands/show.js";
import { runShow } from "../commands/show.run.js";
import type { Invocation } from "../execute.js";
import { textsOf } from "../parse/values.js";
import { isMarked } from "../run-words.js";
import { runHot } from "./run-hot.js";

/** `runstone show ...` */
export function run(invocation: Invocation): Promise<boolean> {
  return runHot(
    implement(show, async () => runShow),
    invocation.argv.slice(1),
    invocation,
    // Those are found by the index, which this file does not hold.
    ({ raw, positionals }) => ![...positionals, ...textsOf(raw, "run-id")].some(isMarked),
  );
}
