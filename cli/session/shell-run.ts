import { adoptLease } from "../../core/leases/index.js";
import { listRunLocations } from "../../core/store/read/runs.js";
import { RunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import type { OpenPlace } from "../store/open-place.js";
import { ownerOfShell } from "./shell.js";

/** The one live run whose lease this shell took with `runstone start`. Throws USAGE when there is none, or several. */
export function runOfThisShell(context: CommandContext, { context: place }: OpenPlace): string {
  const owner = ownerOfShell(context.env);
  const found: string[] = [];
  for (const { directory, runId } of listRunLocations(place))
    if (adoptLease(directory, owner) !== null) found.push(runId);
  if (found.length === 1) return found[0]!;
  throw new RunstoneError(
    "USAGE",
    found.length === 0
      ? "which run? this shell started none"
      : `which run? this shell started ${found.length}`,
    {
      hint:
        found.length === 0
          ? "Give --run RUN, set RUNSTONE_RUN_ID, or begin with: runstone start"
          : `Give --run with one of: ${found.map((id) => id.slice(0, 12)).join(", ")}`,
      data: { candidates: found },
    },
  );
}
