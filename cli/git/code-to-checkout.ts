/** What of a run's code can be had, and what is known to be missing. */
import { RunFiles } from "../../core/compare/run-files.js";
import { codeOfRun } from "../../core/git/index.js";
import { locationOf } from "../../core/search/run-location.js";
import type { RunRecord } from "../../core/search/run-record.js";
import { RunstoneError } from "../../store-format/index.js";
import type { OpenPlace } from "../store/open-place.js";

export interface CodeToCheckout {
  readonly commit: string;
  /** `snapshot`: all of it is in the commit, but for `leftOut`; `commit`: uncommitted changes are not in it. */
  readonly from: "snapshot" | "commit";
  /** The work tree had changes that are in no commit. Null: not known. */
  readonly dirty: boolean | null;
  readonly leftOut: readonly { readonly path: string; readonly reason: string }[];
  /** The patch of the uncommitted changes; null: none was kept, or not all of it. */
  readonly patch: Buffer | null;
}

const MAX_BYTES = 64 << 20;
const STATE = "runstone/git.json";
const PATCH = "runstone/git.patch";

/** Throws RESOURCE_DOES_NOT_EXIST for a run that tells no commit. */
export function codeToCheckout(run: RunRecord, place: OpenPlace): CodeToCheckout {
  const { snapshot, commit, dirty } = codeOfRun(run.tags);
  if (snapshot === null && commit === null)
    throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `run ${run.runId} tells no commit of its code`, {
      hint: "It ran outside of Git, or was recorded by a program that does not look at Git.",
      data: { runId: run.runId },
    });
  const files = new RunFiles(place.context, locationOf(run));
  const state = parseState(files.read(STATE, MAX_BYTES));
  return {
    commit: (snapshot ?? commit)!,
    from: snapshot === null ? "commit" : "snapshot",
    dirty,
    leftOut: snapshot === null ? [] : leftOutOf(state),
    patch: isWhole(state) ? (files.read(PATCH, MAX_BYTES) as Buffer | null) : null,
  };
}

function parseState(bytes: Uint8Array | null): Readonly<Record<string, unknown>> {
  if (bytes === null) return {};
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function leftOutOf(state: Readonly<Record<string, unknown>>): CodeToCheckout["leftOut"] {
  const { snapshot } = state;
  const listed =
    typeof snapshot === "object" && snapshot !== null && "leftOut" in snapshot ? snapshot.leftOut : [];
  if (!Array.isArray(listed)) return [];
  return listed.flatMap((one: unknown) => {
    if (typeof one !== "object" || one === null || !("path" in one) || !("reason" in one)) return [];
    return [{ path: String(one.path), reason: String(one.reason) }];
  });
}

/** A patch with something cut off or made unreadable is not applied. */
function isWhole({ truncated, redactions }: Readonly<Record<string, unknown>>): boolean {
  return truncated !== true && (!Array.isArray(redactions) || redactions.length === 0);
}
