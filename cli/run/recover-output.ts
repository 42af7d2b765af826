/** Brings in what a run's child printed after its wrapper was killed. */
import { join } from "node:path";
import type { RunWriter } from "../../core/interfaces.js";
import { KnownPoints, recoverConsole } from "../../core/process/console-recovery.js";
import type { RecordTarget } from "../../core/process/run-records.js";
import type { Spool } from "../../core/process/spool.js";
import type { FileStore } from "../../core/store/file-store.js";
import { readMetricPoints } from "../../core/store/read/metric-points.js";
import { mustFindRun } from "../../core/store/read/runs.js";
import type { OpenStore } from "../store/open-store.js";
import type { Problems } from "./problems.js";
import { artifactPlaces, recordTarget } from "./record-target.js";

export interface RecoverOptions {
  readonly store: FileStore;
  readonly onDamage: OpenStore["onDamage"];
  readonly writer: RunWriter;
  readonly spools: readonly Spool[];
  readonly problems: Problems;
}

/** Returns what was done, a line for each spool. Never rejects; failures are noted, and the spool stays. */
export async function recoverOutput(options: RecoverOptions): Promise<readonly string[]> {
  const told: string[] = [];
  for (const spool of options.spools) {
    await options.problems.guardAsync(`the output in ${spool.path}`, async () => {
      told.push(await recoverOne(spool, options));
    });
  }
  return told;
}

async function recoverOne(spool: Spool, options: RecoverOptions): Promise<string> {
  const { store, writer, problems } = options;
  const { complete, childAlive } = await recoverConsole(spool, {
    artifacts: join(mustFindRun(store.context, writer.runId).directory, "artifacts"),
    target: targetOf(spool, options),
    onBadLine: (stream, offset, reason) => problems.add(`${stream}, byte ${offset}: ${reason}`),
    onFailure: (error) => problems.addError("logging", error),
  });
  if (!complete) return `part of the output in ${spool.path} could not be brought in; it is kept there`;
  if (childAlive)
    return `the command still runs (process ${spool.facts.child?.pid}): resume again when it has ended`;
  return "the output since its wrapper was killed was brought in";
}

function targetOf(spool: Spool, { store, onDamage, writer }: RecoverOptions): RecordTarget {
  const known = knownPoints(store, writer.runId, onDamage);
  return recordTarget({ writer, known, cwd: spool.facts.cwd, allowed: artifactPlaces(spool.facts.cwd) });
}

/** The points that a run has, read when they are asked for. */
export function knownPoints(store: FileStore, runId: string, onDamage: OpenStore["onDamage"]): KnownPoints {
  return new KnownPoints((key) => readMetricPoints(mustFindRun(store.context, runId), key, onDamage));
}
