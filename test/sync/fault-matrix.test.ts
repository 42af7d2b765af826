/**
 * For every request of a representative push, every fault of the network: the push ends right or says what is missing, what
 * it calls synced is there, the next push completes it, and the server holds every run once. All of it against a model of
 * MLflow's server; against a real one a sample in which every kind of request and every fault occur, in the full tier all.
 */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startHttpCatcher } from "../helpers/http-catcher.js";
import { startMlflowModel } from "../helpers/mlflow-model-server.js";
import { mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";
import {
  type FaultCase,
  type JudgedServer,
  judgeFault,
  namedFaults,
  nameOfCase,
  withBench,
} from "./fault-cases.js";
import { pushOnce } from "./push-once.js";

const FULL = process.env.RUNSTONE_TIER === "full";
/** Pushes beside each other. */
const LANES = 2;

describe("every request of a push x every fault, against a model of the server", async () => {
  await matrix(await startMlflowModel({ after }), (cases) => sampleOf(cases, FULL ? 1 : 17));
});

const skip = await mlflowServerSkip("3");

describe("every request of a push x every fault, against MLflow 3", { skip }, async () => {
  await matrix(await startMlflowServer({ after }, { version: "3" }), (cases) =>
    sampleOf(cases, FULL ? 1 : 83),
  );
});

async function matrix(
  server: JudgedServer,
  choose: (cases: readonly FaultCase[]) => readonly FaultCase[],
): Promise<void> {
  const catcher = await startHttpCatcher({ after });
  const requests = await requestsOfPush(server);
  const faults = namedFaults(catcher.url);
  const all = requests.flatMap((_, index) =>
    faults.flatMap((fault) =>
      ([0, 3] as const).map((maxRetries) => ({ ordinal: index + 1, fault, maxRetries })),
    ),
  );
  const chosen = choose(all);
  const size = `${requests.length} requests x ${faults.length} faults x with and without retries = ${all.length} pushes`;
  test(`${size}, of them ${chosen.length}`, async () => {
    console.log(`fault matrix: ${size}, of them ${chosen.length}`);
    const failures: string[] = [];
    const pending = [...chosen];
    const lane = async (): Promise<void> => {
      for (let next = pending.shift(); next !== undefined; next = pending.shift())
        failures.push(...(await failureOf(server, next, requests[next.ordinal - 1] ?? "")));
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    assert.deepEqual(failures, [], `${failures.length} of ${chosen.length}`);
    assert.deepEqual(catcher.requests, [], "nothing is sent where a redirect leads");
  });
}

/** `METHOD path` of each. */
function requestsOfPush(server: JudgedServer): Promise<readonly string[]> {
  return withBench(server, async (bench) => {
    await pushOnce(bench);
    return bench.requests.map(({ method, path }) => `${method} ${path.replace(/\?.*/s, "").slice(0, 60)}`);
  });
}

async function failureOf(server: JudgedServer, one: FaultCase, request: string): Promise<readonly string[]> {
  try {
    await withBench(server, (bench) => judgeFault(bench, one));
    return [];
  } catch (error) {
    const failure = `${nameOfCase(one, request)}: ${(error as Error).stack}`;
    console.log(failure);
    return [failure];
  }
}

/** One of every `step` cases. */
function sampleOf(cases: readonly FaultCase[], step: number): readonly FaultCase[] {
  return cases.filter((_, index) => index % step === 0);
}
