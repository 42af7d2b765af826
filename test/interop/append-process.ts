/**
 * The Runstone side of the concurrency tests, one process: the twin of `drivers/append.py`, with the same request as its
 * only argument (`root` in place of `uri`).
 */
import { existsSync, writeFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { openFileStore } from "../../core/store/open-store.js";

export interface AppendRequest {
  readonly root: string;
  /** Logs into this run; else makes one in the experiment. */
  readonly runId?: string;
  readonly experimentId?: string;
  readonly writer: number;
  readonly points: number;
  readonly ownKey: string;
  readonly sharedKey: string;
  readonly params: number;
  readonly ready: string;
  readonly go: string;
}

const request = JSON.parse(process.argv[2] ?? "") as AppendRequest;
const store = openFileStore({ path: request.root, cwd: request.root });
const runId =
  request.runId ?? (await store.createRun({ experimentId: request.experimentId ?? "" })).info.runId;
writeFileSync(request.ready, "");
while (!existsSync(request.go)) await wait(5);

const writer = await store.openRun(runId);
const first = request.writer * 1_000_000;
for (let index = 0; index < request.points; index++) {
  const point = { timestamp: first + index, step: first + index, value: index };
  writer.logMetrics([{ key: request.ownKey, ...point }]);
  writer.logMetrics([{ key: request.sharedKey, ...point }]);
}
for (let index = 0; index < request.params; index++) {
  writer.logParams({ [`writer${request.writer}.${index}`]: String(index) });
  writer.setTags({ [`writer${request.writer}.${index}`]: String(index) });
}
await writer.close();
console.log(runId);
