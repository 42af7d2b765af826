/** One fault at one request of a push, and what must be true then and after the next push. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openContext } from "../../core/store/open-context.js";
import { isPartial, type SyncReport } from "../../sync/engine/report.js";
import type { HttpSettings } from "../../sync/http/index.js";
import { readRemoteState } from "../../sync/state/index.js";
import { type FaultPlan, faultAt, faultFrom, noFault, startFaultProxy } from "../helpers/fault-proxy.js";
import type { Fault } from "../helpers/network-faults.js";
import type { Scope } from "../helpers/processes.js";
import { assertRemoteEquals, type SyncStore, writeSyncStore } from "../helpers/sync-store.js";
import type { StoreView } from "../interop/store-view.js";
import { pushOnce, REMOTE } from "./push-once.js";

export interface NamedFault {
  readonly name: string;
  /** The fault at request n, by itself or from there on. */
  readonly plan: (ordinal: number) => FaultPlan;
  readonly http?: Partial<HttpSettings>;
}

/** `catcher`: where a redirect leads. */
export function namedFaults(catcher: string): readonly NamedFault[] {
  const status = (code: number, more: Partial<Fault & { kind: "status" }> = {}): NamedFault =>
    at(`${code}${more.acted === true ? " after the server acted" : ""}`, {
      kind: "status",
      status: code,
      ...more,
    });
  const at = (name: string, fault: Fault, http: Partial<HttpSettings> = {}): NamedFault => ({
    name,
    plan: (ordinal) => faultAt(ordinal, fault),
    http,
  });
  return [
    at("refused", { kind: "refused" }, { backoffMs: 100 }),
    at("reset before", { kind: "reset-before" }),
    at("reset after", { kind: "reset-after" }),
    at("silence", { kind: "silence" }, { timeoutMs: 1_000 }),
    at("truncated", { kind: "truncated" }),
    at("wrong length", { kind: "wrong-length" }),
    at("cut JSON", { kind: "cut-json" }),
    status(408),
    status(429, { retryAfterSeconds: 0 }),
    status(500),
    status(500, { acted: true }),
    status(502, { acted: true }),
    status(503),
    status(504, { acted: true }),
    at("HTML", { kind: "html" }),
    at("an error as success", { kind: "error-body" }),
    at("401 once", { kind: "unauthorized" }),
    { name: "401 from then on", plan: (ordinal) => faultFrom(ordinal, { kind: "unauthorized" }) },
    at("redirect", { kind: "redirect", status: 307, origin: catcher }),
    at("drip", { kind: "drip" }),
    at("duplicate", { kind: "duplicate" }),
  ];
}

export interface FaultCase {
  readonly ordinal: number;
  readonly fault: NamedFault;
  /** Tries after the first: 0, and the push meets every fault itself. */
  readonly maxRetries: 0 | 3;
}

export function nameOfCase({ ordinal, fault, maxRetries }: FaultCase, request: string): string {
  return `request ${ordinal} (${request}) x ${fault.name}, ${maxRetries === 0 ? "given up at once" : "tried again"}`;
}

/** A real server, or the model of one. */
export interface JudgedServer {
  readonly url: string;
  /** Absent: knows logged models. */
  readonly version?: string;
  readExperiments(...names: readonly string[]): Promise<StoreView>;
}

/** A workspace, a server, and a proxy between them. */
export interface Bench extends SyncStore {
  readonly server: JudgedServer;
  readonly url: string;
  /** Follows another plan, when connections are possible again. */
  follow(plan: FaultPlan): Promise<void>;
  readonly requests: readonly { readonly method: string; readonly path: string }[];
}

/** Thousands of stores are written: memory, where there is a file system of it. */
const FAST = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
let benches = 0;

/** Works on a bench of its own. */
export async function withBench<Result>(
  server: JudgedServer,
  work: (bench: Bench) => Promise<Result>,
): Promise<Result> {
  const ends: (() => void | Promise<void>)[] = [];
  const scope: Scope = { after: (end) => void ends.unshift(end) };
  const directory = mkdtempSync(join(FAST, "runstone-sync-"));
  scope.after(() => rmSync(directory, { recursive: true, force: true }));
  try {
    benches += 1;
    const synced = await writeSyncStore(directory, `bench ${process.pid}-${benches}`);
    const proxy = await startFaultProxy(scope, server.url);
    return await work({
      ...synced,
      server,
      url: proxy.url,
      follow: async (plan) => {
        await proxy.open();
        proxy.follow(plan);
      },
      get requests() {
        return proxy.requests;
      },
    });
  } finally {
    for (const end of ends) await end();
  }
}

/** Rejects with what is not as it must be. */
export function judgeFault(bench: Bench, { ordinal, fault, maxRetries }: FaultCase): Promise<void> {
  return judgePlan(bench, fault.plan(ordinal), { ...fault.http, maxRetries });
}

/** Two faults in one push. */
export interface FaultPair {
  readonly faults: readonly (Omit<FaultCase, "maxRetries"> & { readonly request: string })[];
  readonly maxRetries: 0 | 3;
}

export function nameOfPair({ faults, maxRetries }: FaultPair): string {
  return faults.map((one) => nameOfCase({ ...one, maxRetries }, one.request)).join(" and ");
}

export function judgePair(bench: Bench, { faults, maxRetries }: FaultPair): Promise<void> {
  const plans = faults.map(({ fault, ordinal }) => fault.plan(ordinal));
  const http = Object.assign({}, ...faults.map(({ fault }) => fault.http)) as Partial<HttpSettings>;
  const plan: FaultPlan = (request) =>
    plans.map((each) => each(request)).find((fault) => fault !== null) ?? null;
  return judgePlan(bench, plan, { ...http, maxRetries });
}

async function judgePlan(bench: Bench, plan: FaultPlan, http: Partial<HttpSettings>): Promise<void> {
  await bench.follow(plan);
  const first = await pushOnce({ ...bench, http });
  await bench.follow(noFault);
  assertTold(bench, first);
  if (isPartial(first)) {
    await assertReceiptsTrue(bench);
    await assertNextCompletes(bench);
  } else await assertComplete(bench);
}

/** Every run is done, or it is said why it is not. */
function assertTold(bench: SyncStore, { outcomes, counts }: SyncReport): void {
  const told = new Map(outcomes.map((outcome) => [outcome.runId, outcome]));
  assert.equal(counts.unchanged, 0, "nothing was there before");
  for (const runId of bench.runIds) {
    const outcome = told.get(runId);
    assert.ok(outcome !== undefined, `nothing is said of run ${runId}`);
    const why = outcome.error?.message ?? outcome.reason ?? "";
    assert.ok(outcome.result === "done" || why !== "", `why run ${runId} is ${outcome.result}`);
    assert.equal(
      holdsReceipt(bench, runId),
      outcome.result === "done",
      `receipt of a run that is ${outcome.result}`,
    );
  }
}

function holdsReceipt({ directory }: SyncStore, runId: string): boolean {
  const state = readRemoteState(openContext({ cwd: directory }), REMOTE);
  const receipt = state.run(runId)?.receipt ?? null;
  state.close();
  return receipt !== null;
}

/** What has a receipt is there, equal. */
export async function assertReceiptsTrue(bench: Bench): Promise<void> {
  const receipted = bench.runIds.filter((runId) => holdsReceipt(bench, runId));
  if (receipted.length === 0) return;
  const { experimentName, store, server } = bench;
  const models = server.version !== "2";
  const expected = { experimentName, runIds: receipted, others: true, models };
  await assertRemoteEquals(store, await readRemote(bench), expected);
}

/** The next push ends whole, and then all is there. */
export async function assertNextCompletes(bench: Bench): Promise<void> {
  const next = await pushOnce(bench);
  assert.ok(!isPartial(next), `the next push is partial: ${whyPartial(next)}`);
  await assertComplete(bench);
}

/** The server holds every run once and equal, and a push finds nothing to do. */
export async function assertComplete(bench: Bench): Promise<void> {
  const { experimentName, runIds, store, server } = bench;
  const expected = { experimentName, runIds, models: server.version !== "2" };
  await assertRemoteEquals(store, await readRemote(bench), expected);
  const last = await pushOnce(bench);
  assert.equal(last.moved.points + last.moved.artifacts + last.counts.done, 0, "a push of nothing new");
  // Once whether what was sent last is there; a request that a loaded server did not answer in time is made again.
  assert.ok(last.requests <= 2, `${last.requests} requests of a push of nothing new`);
}

export function readRemote({ server, experimentName }: Bench): Promise<StoreView> {
  return server.readExperiments(experimentName);
}

function whyPartial({ outcomes }: SyncReport): string {
  return outcomes
    .map(({ result, error, exceptions }) => `${result} ${error?.message ?? ""} ${exceptions}`)
    .join("; ");
}
