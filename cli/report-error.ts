/** How a failure is told: one line and a hint for people, one JSON object for programs. */
import { isRunstoneError } from "../store-format/errors.js";
import { EXIT, EXIT_CODE_OF, type ExitCode } from "./exit-codes.js";
import { serializeJson } from "./output/json.js";
import type { Output } from "./output/output.js";
import { visible } from "./output/visible.js";

export interface Reporting {
  readonly err: Output;
  readonly json: boolean;
  /** Adds the stack (RUNSTONE_DEBUG). */
  readonly debug: boolean;
}

/** Prints the error on stderr and returns the exit code it stands for. */
export function reportError(error: unknown, { err, json, debug }: Reporting): ExitCode {
  const exitCode = exitCodeOf(error);
  err.line(json ? serializeJson({ ...describe(error), exit_code: exitCode }) : forPeople(error));
  if (debug && error instanceof Error) err.line(error.stack ?? "");
  err.flush();
  return exitCode;
}

export function exitCodeOf(error: unknown): ExitCode {
  return isRunstoneError(error) ? EXIT_CODE_OF[error.code] : EXIT.failure;
}

function describe(error: unknown): object {
  if (isRunstoneError(error)) return error.toJSON();
  return { code: "INTERNAL", message: messageOf(error), hint: BUG_HINT, data: {} };
}

const BUG_HINT = "This is a bug in runstone; RUNSTONE_DEBUG=1 shows where.";

function forPeople(error: unknown): string {
  if (!isRunstoneError(error)) return `runstone: ${visible(messageOf(error))}\n  ${BUG_HINT}`;
  const line = `runstone: ${visible(error.message)}`;
  return error.hint === undefined ? line : `${line}\n  ${visible(error.hint)}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
