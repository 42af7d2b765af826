import { RunstoneError } from "../../store-format/errors.js";

/** The command line could not be understood. */
export function usageError(message: string, hint?: string): RunstoneError {
  return new RunstoneError("USAGE", message, hint === undefined ? {} : { hint });
}
