/** Where spools may lie: local disks, the one that survives a reboot first. */
import { tmpdir } from "node:os";
import { createSpool, findSpools, type Spool, type SpoolFacts } from "../../core/process/spool.js";
import type { Environment } from "../context.js";
import type { Problems } from "./problems.js";

/** `RUNSTONE_SPOOL_DIR` alone, if set. `/tmp` may be memory and is emptied at a boot: it comes second. */
export function spoolBases(env: Environment): readonly string[] {
  if (env.RUNSTONE_SPOOL_DIR) return [env.RUNSTONE_SPOOL_DIR];
  const temporary = tmpdir();
  return process.platform === "win32" || temporary === "/var/tmp" ? [temporary] : ["/var/tmp", temporary];
}

/** A spool in the first place that takes one; null, and a problem noted, when none does. */
export function makeSpool(env: Environment, facts: SpoolFacts, problems: Problems): Spool | null {
  let failure: unknown;
  for (const base of spoolBases(env)) {
    try {
      return createSpool(base, facts);
    } catch (error) {
      failure = error;
    }
  }
  problems.addError("the output is not kept, for no directory takes it", failure);
  return null;
}

/** What a run left behind when its wrapper was killed. */
export function spoolsOfRun(env: Environment, runId: string): readonly Spool[] {
  return spoolBases(env).flatMap((base) => findSpools(base, runId));
}
