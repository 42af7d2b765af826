/** One fault at one request of a pull or of a verification, and what must be true then and after the next one. */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fsck } from "../../core/index.js";
import { openContext } from "../../core/store/open-context.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { isRunstoneError } from "../../store-format/index.js";
import { isPartial, type SyncReport } from "../../sync/engine/report.js";
import { type FaultProxy, noFault, startFaultProxy } from "../helpers/fault-proxy.js";
import { contentsOf } from "../helpers/native-sync.js";
import type { Scope } from "../helpers/processes.js";
import { writeSyncStore } from "../helpers/sync-store.js";
import type { FaultCase, JudgedServer } from "./fault-cases.js";
import { pullOnce } from "./pull-once.js";
import { pushOnce } from "./push-once.js";
import { verifyOnce } from "./verify-once.js";

/** A server that holds what a workspace has, and the contents of a store into which that was pulled. */
export interface Filled {
  readonly server: JudgedServer;
  /** The workspace that was pushed, with its state. */
  readonly source: string;
  readonly experimentName: string;
  readonly runIds: readonly string[];
  readonly pulled: Readonly<Record<string, object | null>>;
}

const FAST = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

export async function fillServer(scope: Scope, server: JudgedServer): Promise<Filled> {
  const source = newDirectory(scope);
  const { experimentName, runIds } = await writeSyncStore(source, `read ${process.pid}`);
  assert.ok(!isPartial(await pushOnce({ directory: source, url: server.url })));
  const directory = newDirectory(scope);
  initWorkspace(directory);
  const names = { experimentNames: new Set([experimentName]) };
  assert.ok(!isPartial(await pullOnce({ directory, url: server.url, pull: names })));
  const pulled = contentsOf(openContext({ cwd: directory }));
  assert.deepEqual(Object.keys(pulled), [...runIds].sort(), "every run comes");
  return { server, source, experimentName, runIds, pulled };
}

/** What is read and how it is judged. */
export interface Reading {
  readonly name: string;
  /** Makes the workspace in which it takes place. */
  prepare(filled: Filled, directory: string): void;
  read(
    filled: Filled,
    bench: { readonly directory: string; readonly url: string; readonly http?: object },
  ): Promise<SyncReport>;
  /** Rejects with what is not as it must be after a reading that met a fault. */
  judge(filled: Filled, after: AfterFault): void;
  /** Rejects with what is not as it must be after a reading that met none. */
  judgeWhole(filled: Filled, after: AfterFault & { readonly report: SyncReport }): void;
}

export interface AfterFault {
  readonly directory: string;
  /** Null: it rejected, with an error that says why. */
  readonly report: SyncReport | null;
}

export const PULL: Reading = {
  name: "pull",
  prepare: (_, directory) => void initWorkspace(directory),
  read: ({ experimentName }, bench) =>
    pullOnce({ ...bench, pull: { jobs: 1, experimentNames: new Set([experimentName]) } }),
  judge: (filled, { directory, report }) => {
    const here = assertWhole(directory);
    for (const [runId, content] of Object.entries(here))
      if (isSettled(report, runId))
        assert.deepEqual(content, filled.pulled[runId], `run ${runId}, which is told to be here`);
    if (report === null) return;
    const told = new Map(report.outcomes.map((outcome) => [outcome.runId, outcome]));
    for (const runId of Object.keys(filled.pulled)) {
      if (isSettled(report, runId)) assert.ok(runId in here, `run ${runId} is here, as told`);
      else if (told.has(runId))
        assert.ok(why(told.get(runId)) !== "", `why run ${runId} is ${told.get(runId)?.result}`);
      else assert.ok(isPartial(report), `nothing is said of run ${runId}`);
    }
  },
  judgeWhole: (filled, { directory, report }) => {
    assert.ok(!isPartial(report), `the next pull is partial: ${whyPartial(report)}`);
    assertComplete(directory, filled.pulled);
  },
};

export const VERIFY: Reading = {
  name: "verify",
  prepare: ({ source }, directory) => cpSync(source, directory, { recursive: true }),
  read: (_, bench) => verifyOnce(bench),
  judge: ({ runIds }, { report }) => {
    for (const { runId, error, result } of report?.outcomes ?? []) {
      assert.ok(result === "done" || error !== undefined, `why run ${runId} is ${result}`);
      assert.equal(error?.data.differences, undefined, `run ${runId} is called different: ${error?.message}`);
      assert.notEqual(error?.code, "RESOURCE_DOES_NOT_EXIST", `run ${runId} is called gone`);
    }
    if (report !== null) assert.deepEqual(idsOf(report), [...runIds].sort(), "every run is told of");
  },
  judgeWhole: ({ runIds }, { report }) => {
    assert.ok(!isPartial(report), `the next verification is partial: ${whyPartial(report)}`);
    assert.deepEqual([report.counts.done, idsOf(report)], [runIds.length, [...runIds].sort()]);
  },
};

/** The requests of a reading that meets no fault: `METHOD path` of each. */
export function requestsOf(filled: Filled, reading: Reading): Promise<readonly string[]> {
  return withPlace(filled, reading, async ({ directory, proxy }) => {
    const report = await reading.read(filled, { directory, url: proxy.url });
    reading.judgeWhole(filled, { directory, report });
    return proxy.requests.map(({ method, path }) => `${method} ${path.replace(/\?.*/s, "").slice(0, 60)}`);
  });
}

/** Rejects with what is not as it must be. */
export function judgeReading(
  filled: Filled,
  reading: Reading,
  { ordinal, fault, maxRetries }: FaultCase,
): Promise<void> {
  return withPlace(filled, reading, async ({ directory, proxy }) => {
    const bench = { directory, url: proxy.url };
    proxy.follow(fault.plan(ordinal));
    const report = await orNull(reading.read(filled, { ...bench, http: { ...fault.http, maxRetries } }));
    await proxy.open();
    proxy.follow(noFault);
    reading.judge(filled, { directory, report });
    const next = await reading.read(filled, bench);
    reading.judgeWhole(filled, { directory, report: next });
    const pushed = await pushOnce(bench);
    assert.deepEqual([pushed.counts.done, pushed.counts.failed], [0, 0], "a push then has nothing to send");
  });
}

export interface Place {
  readonly directory: string;
  readonly proxy: FaultProxy;
}

export async function withPlace<Result>(
  filled: Filled,
  reading: Reading,
  work: (place: Place) => Promise<Result>,
): Promise<Result> {
  const ends: (() => void | Promise<void>)[] = [];
  const scope: Scope = { after: (end) => void ends.unshift(end) };
  try {
    const directory = newDirectory(scope);
    reading.prepare(filled, directory);
    return await work({ directory, proxy: await startFaultProxy(scope, filled.server.url) });
  } finally {
    for (const end of ends) await end();
  }
}

export function newDirectory(scope: Scope): string {
  const directory = mkdtempSync(join(FAST, "runstone-read-"));
  scope.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Null when it rejects with an error of ours: it says why. */
async function orNull(reading: Promise<SyncReport>): Promise<SyncReport | null> {
  try {
    return await reading;
  } catch (error) {
    if (isRunstoneError(error)) return null;
    throw error;
  }
}

/** Nothing of the store is damaged. Returns what it holds. */
export function assertWhole(directory: string): Record<string, object | null> {
  const context = openContext({ cwd: directory });
  const { damages } = fsck(context);
  // A run comes before its logged models: until then it names some that are not there, which is noted.
  assert.deepEqual(
    damages.filter(({ severity }) => severity !== "note"),
    [],
  );
  return contentsOf(context);
}

/** Nor does anything lack. */
export function assertComplete(directory: string, expected: Filled["pulled"]): void {
  assert.deepEqual(assertWhole(directory), expected, "the store equals the server");
  assert.deepEqual(fsck(openContext({ cwd: directory })).damages, []);
}

function isSettled(report: SyncReport | null, runId: string): boolean {
  const outcome = report?.outcomes.find((one) => one.runId === runId);
  return outcome?.incomplete === false && ["done", "unchanged"].includes(outcome.result);
}

function idsOf({ outcomes }: SyncReport): readonly string[] {
  return outcomes.map(({ runId }) => runId).sort();
}

function why(outcome: SyncReport["outcomes"][number] | undefined): string {
  return [outcome?.error?.message, outcome?.reason, ...(outcome?.exceptions ?? [])].join(" ").trim();
}

function whyPartial({ outcomes }: SyncReport): string {
  return outcomes.map((outcome) => `${outcome.result} ${why(outcome)}`).join("; ");
}
