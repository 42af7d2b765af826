/** Autologging for any training function: its settings become params, its numbers metrics, its failure the run's. */
import type { RunStatus } from "../../store-format/index.js";
import type { ActiveRun } from "../active-run.js";
import { activeRun, endRun, startRun } from "../fluent.js";
import type { StartRunOptions } from "../start-run.js";
import { logResult, plainParams } from "./training-values.js";

/**
 * Runs `body` in the active run, or in one of its own that ends with it: FINISHED, or FAILED with the error as the
 * artifact `runstone/error.txt` when it throws (the error goes on).
 */
export async function inRun<T>(
  options: StartRunOptions,
  body: (run: ActiveRun) => Promise<T> | T,
): Promise<T> {
  const outer = activeRun();
  const run = outer ?? (await startRun(options));
  let status: RunStatus = "FINISHED";
  try {
    return await body(run);
  } catch (error) {
    status = "FAILED";
    run.logText(
      error instanceof Error ? (error.stack ?? error.message) : String(error),
      "runstone/error.txt",
    );
    throw error;
  } finally {
    if (outer === null) await endRun(status);
  }
}

/**
 * Wraps a training function. Each call logs the plain members of its object arguments as params, and of its result the
 * numbers as metrics and the lists of numbers as curves. A call without an active run gets a run named like the function.
 */
export function autologFunction<A extends readonly unknown[], R>(
  train: (...args: A) => Promise<R> | R,
  options: StartRunOptions = {},
): (...args: A) => Promise<R> {
  return (...args) =>
    inRun({ ...(train.name === "" ? {} : { runName: train.name }), ...options }, async (run) => {
      for (const argument of args) run.logParams(plainParams(argument));
      const result = await train(...args);
      logResult(run, result);
      return result;
    });
}
