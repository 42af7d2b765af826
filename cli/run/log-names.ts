/** Names of the logs of a run's output among its artifacts; each attempt of a run has its own. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { STREAMS, type StreamName } from "../../core/process/spool.js";

export type LogNames = Readonly<Record<StreamName, string>>;

/** `runstone/stdout.log`; of the second attempt `runstone/stdout.2.log`. */
export function freeLogNames(artifacts: string): LogNames {
  for (let attempt = 1; ; attempt += 1) {
    const names = namesOf(attempt);
    if (!STREAMS.some((stream) => existsSync(join(artifacts, ...names[stream].split("/"))))) return names;
  }
}

function namesOf(attempt: number): LogNames {
  const ending = attempt === 1 ? "log" : `${attempt}.log`;
  return { stdout: `runstone/stdout.${ending}`, stderr: `runstone/stderr.${ending}` };
}
