/** A process that ends with active runs ends them: FINISHED, or FAILED after an error or a non-zero exit code. */
import { writeSync } from "node:fs";
import { isRunstoneError, type RunStatus, type RunstoneError } from "../store-format/index.js";

let installed = false;

/**
 * Calls `endLater` when nothing is left to do, and `end` once when the process exits by itself; tells the failures that they
 * return. A signal or `kill -9` runs no
 * code: then the run shows as LOST.
 */
export function endAtExit(
  end: (status: RunStatus) => readonly unknown[],
  endLater: (status: RunStatus) => Promise<readonly unknown[]>,
): void {
  if (installed) return;
  installed = true;
  process.on("beforeExit", (code) => {
    void endLater(code === 0 ? "FINISHED" : "FAILED").then(tell);
  });
  process.on("exit", (code) => {
    tell(end(code === 0 ? "FINISHED" : "FAILED"));
  });
}

function tell(failures: readonly unknown[]): void {
  for (const failure of failures) if (isRunstoneError(failure)) warnNow(failure);
  const bug = failures.find((failure) => !isRunstoneError(failure));
  if (bug !== undefined) throw bug;
}

/** As Node prints warnings. Its own come with the next tick, and an exiting process has none. */
function warnNow({ code, message }: RunstoneError): void {
  try {
    writeSync(2, `(node:${process.pid}) [${code}] RunstoneWarning: not all of a run was kept: ${message}\n`);
  } catch {
    // Nobody is left to read it.
  }
}
