import { implement } from "../command.js";
import { listRuns, type RunsArguments } from "../commands/runs-list.js";
import type { Invocation } from "../execute.js";
import type { ParsedLine } from "../parse/parse-plainly.js";
import { readRefresh } from "../parse/refresh.js";
import { readArguments, textsOf } from "../parse/values.js";
import { isPlainListing } from "../runs/is-plain-listing.js";
import { runNewest } from "../runs/runs-newest.js";
import { runHot } from "./run-hot.js";

/** `runstone runs ...` without a subcommand, unless it takes a search */
export function run(invocation: Invocation): Promise<boolean> {
  const command = implement(listRuns, async () => runNewest);
  return runHot(command, invocation.argv.slice(1), invocation, isPlain);
}

function isPlain({ raw, positionals }: ParsedLine): boolean {
  if (positionals.length > 0) return false;
  try {
    const args = readArguments(listRuns, raw, positionals) as unknown as RunsArguments;
    const surroundings = { stores: textsOf(raw, "store"), refresh: readRefresh(raw), json: raw.has("json") };
    return isPlainListing(args, surroundings);
  } catch {
    // A mistake: the full parser tells it.
    return false;
  }
}
