/**
 * Logging never kills training. A failure of the disk makes a verb return false, is said once per kind, and comes back
 * as the rejection of the next flush or end. Wrong arguments are the caller's bug and throw.
 */
import { type ErrorCode, isRunstoneError, type RunstoneError } from "../store-format/index.js";

const SOFT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "DISK_FULL",
  "IO_ERROR",
  "PERMISSION_DENIED",
  "TOO_MANY_OPEN_FILES",
  "LEASE_HELD",
  "LEASE_LOST",
  "DAMAGED",
  "REMOTE_UNREACHABLE",
]);

export class SoftFailures {
  readonly #said = new Set<ErrorCode>();
  #first: RunstoneError | null = null;

  /** Runs `call`; false when the disk failed. Throws what is not the disk's fault. */
  attempt(call: () => void): boolean {
    try {
      call();
      return true;
    } catch (error) {
      if (!isRunstoneError(error) || !SOFT.has(error.code)) throw error;
      this.#note(error);
      return false;
    }
  }

  /** Throws the first failure since the last call, if there was one. */
  throwFirst(): void {
    const error = this.#first;
    this.#first = null;
    if (error !== null) throw error;
  }

  #note(error: RunstoneError): void {
    this.#first ??= error;
    if (this.#said.has(error.code)) return;
    this.#said.add(error.code);
    process.emitWarning(`${error.message}. ${error.hint ?? ""}`, {
      type: "RunstoneWarning",
      code: error.code,
    });
  }
}
