import { RunstoneError } from "../../store-format/index.js";
import type { Difference } from "./expected-run.js";

const SHOWN = 3;

/** What a run or logged model that was read back lacks, in a sentence; all of it in `data.differences`. */
export function notEqual(
  id: string,
  differences: readonly Difference[],
  kind: "run" | "logged model" = "run",
): RunstoneError {
  const shown = differences.slice(0, SHOWN).map(({ what, key, problem }) => `${what} '${key}' ${problem}`);
  const more = differences.length > SHOWN ? ` and ${differences.length - SHOWN} more` : "";
  return new RunstoneError(
    "REMOTE_FAILED",
    `${kind} ${id}, read back, is not equal: ${shown.join("; ")}${more}`,
    {
      hint: "`runstone verify --fix` sends what is missing.",
      data: { [kind === "run" ? "runId" : "modelId"]: id, differences },
    },
  );
}
