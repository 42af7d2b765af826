/** Names of the logs of a run's output among its artifacts; each attempt of a run has its own. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Spool, STREAMS, type StreamName } from "../../core/process/spool.js";

export type LogNames = Readonly<Record<StreamName, string>>;

/**
 * `runstone/stdout.log`; of the second attempt `runstone/stdout.2.log`. Names of spools that are still to be brought in
 * are taken, although their logs may not be there yet.
 */
export function freeLogNames(artifacts: string, left: readonly Spool[]): LogNames {
  const taken = new Set(left.flatMap(({ facts }) => Object.values(facts.logs)));
  for (let attempt = 1; ; attempt += 1) {
    const names = namesOf(attempt);
    const inUse = (name: string): boolean =>
      taken.has(name) || existsSync(join(artifacts, ...name.split("/")));
    if (!STREAMS.some((stream) => inUse(names[stream]))) return names;
  }
}

function namesOf(attempt: number): LogNames {
  const ending = attempt === 1 ? "log" : `${attempt}.log`;
  return { stdout: `runstone/stdout.${ending}`, stderr: `runstone/stderr.${ending}` };
}
