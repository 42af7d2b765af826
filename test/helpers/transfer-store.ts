/** Workspaces with runs to send, and looking at what arrived. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { type FileStore, findRun, initWorkspace, type NewRun, openFileStore } from "../../core/index.js";
import type { RunLocation } from "../../core/store/read/located.js";
import { listRunHeads } from "../../core/transfer/index.js";
import type { Metric } from "../../store-format/index.js";
import { temporaryDirectory } from "./new-store.js";

export function newWorkspace(t: TestContext): FileStore {
  const workspace = join(temporaryDirectory(t), "w");
  mkdirSync(workspace);
  initWorkspace(workspace);
  return openFileStore({ cwd: workspace });
}

export function point(key: string, step: number, value = step / 7): Metric {
  return { key, value, timestamp: 1_700_000_000_000 + step, step };
}

export function points(key: string, from: number, to: number): Metric[] {
  return Array.from({ length: to - from }, (_, index) => point(key, from + index));
}

export interface MadeRun extends Partial<NewRun> {
  readonly metrics?: readonly Metric[];
  readonly artifacts?: Readonly<Record<string, string>>;
  /** False: it goes on running, without a writer. */
  readonly end?: boolean;
}

/** A run of the default experiment, sealed unless told otherwise. */
export async function makeRun(store: FileStore, made: MadeRun = {}): Promise<RunLocation> {
  const { metrics = [], artifacts = {}, end = true, ...spec } = made;
  const { info } = await store.createRun({ experimentId: "0", ...spec });
  const writer = await store.openRun(info.runId);
  if (metrics.length > 0) writer.logMetrics(metrics);
  for (const [path, text] of Object.entries(artifacts)) writer.logArtifactBytes(path, Buffer.from(text));
  if (end) await writer.end({ status: "FINISHED" });
  else await writer.close();
  return mustFind(store, info.runId);
}

export function mustFind(store: FileStore, runId: string): RunLocation {
  const found = findRun(store.context, runId);
  if (found === null) throw new Error(`there is no run ${runId}`);
  return found;
}

/** The mark of a run once everything in it is older than a clock tick. */
export async function settledMark(
  store: Pick<FileStore, "context">,
  runId: string,
  everyFile?: boolean,
): Promise<string> {
  for (;;) {
    const options = { runIds: [runId], ...(everyFile === undefined ? {} : { everyFile }) };
    const [head] = [...listRunHeads(store.context, options)];
    if (head === undefined) throw new Error(`there is no run ${runId}`);
    if (head.mark !== null) return head.mark;
    await setTimeout(20);
  }
}
