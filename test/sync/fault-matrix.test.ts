/**
 * For every request of a representative push, every fault of the network: the push ends right or says what is missing, what
 * it calls synced is there, the next push completes it, and the server holds every run once. The quick tier takes a sample
 * in which every request and every fault occur; the full tier takes all.
 */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startHttpCatcher } from "../helpers/http-catcher.js";
import { mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";
import { type FaultCase, judgeFault, namedFaults, nameOfCase, withBench } from "./fault-cases.js";
import { pushOnce } from "./push-once.js";

const FULL = process.env.RUNSTONE_TIER === "full";
const LANES = 2;
const skip = await mlflowServerSkip("3");

describe("every request of a push x every fault", { skip }, async () => {
  const server = await startMlflowServer({ after }, { version: "3" });
  const catcher = await startHttpCatcher({ after });
  const requests = await withBench(server, async (bench) => {
    await pushOnce(bench);
    return bench.requests.map(({ method, path }) => `${method} ${path.replace(/\?.*/s, "").slice(0, 60)}`);
  });
  const faults = namedFaults(catcher.url);
  const all = casesOf(requests.length);
  const chosen = FULL ? all : sampleOf(all);

  test(`${requests.length} requests x ${faults.length} faults x 2 = ${all.length}, of them ${chosen.length}`, async () => {
    console.log(
      `fault matrix: ${requests.length} requests x ${faults.length} faults x 2 (with and without retries) = ${all.length} pushes; this run: ${chosen.length}`,
    );
    const failures: string[] = [];
    const pending = [...chosen];
    const lane = async (): Promise<void> => {
      for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
        const { ordinal } = next;
        const name = nameOfCase(next, requests[ordinal - 1] ?? "");
        const now = next;
        try {
          await withBench(server, (bench) => judgeFault(bench, now));
        } catch (error) {
          failures.push(`${name}: ${(error as Error).stack}`);
        }
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    assert.deepEqual(failures, []);
    assert.deepEqual(catcher.requests, [], "nothing is sent where a redirect leads");
  });

  function casesOf(count: number): readonly FaultCase[] {
    const ordinals = Array.from({ length: count }, (_, index) => index + 1);
    return ordinals.flatMap((ordinal) =>
      faults.flatMap((fault) => ([0, 3] as const).map((maxRetries) => ({ ordinal, fault, maxRetries }))),
    );
  }

  /** One case a request; the fault moves on by a step that meets them all. */
  function sampleOf(cases: readonly FaultCase[]): readonly FaultCase[] {
    const perRequest = faults.length * 2;
    return requests.map((_, index) => cases[index * perRequest + ((index * 11) % perRequest)]!);
  }
});
