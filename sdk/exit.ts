/** A process that ends with active runs ends them: FINISHED, or FAILED after an error or a non-zero exit code. */
import { isRunstoneError, type RunStatus } from "../store-format/index.js";

let installed = false;

/** Calls `end` once when the process exits by itself. A signal or `kill -9` runs no code: then the run shows as LOST. */
export function endAtExit(end: (status: RunStatus) => void): void {
  if (installed) return;
  installed = true;
  process.on("exit", (code) => {
    try {
      end(code === 0 ? "FINISHED" : "FAILED");
    } catch (error) {
      if (!isRunstoneError(error)) throw error;
      process.emitWarning(`a run could not be ended: ${error.message}`, {
        type: "RunstoneWarning",
        code: error.code,
      });
    }
  });
}
