/** Where spools may lie: local disks, the one that survives a reboot first. */
import { tmpdir } from "node:os";
import { createSpool, findSpools, type Spool, type SpoolFacts } from "../../core/process/spool.js";
import type { CommandContext, Environment } from "../context.js";
import { visible } from "../output/visible.js";
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

/** What a run left behind when its wrapper was killed. A spool that cannot be read is told and passed over. */
export function spoolsOfRun(context: CommandContext, runId: string): readonly Spool[] {
  const tell = (error: unknown): void => context.err.line(`runstone: ${visible(String(error))}`);
  return spoolBases(context.env).flatMap((base) => findSpools(base, runId, tell));
}
