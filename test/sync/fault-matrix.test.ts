/**
 * For every request of a representative push, every fault of the network: the push ends right or says what is missing, what
 * it calls synced is there, the next push completes it, and the server holds every run once. All of it against a model of
 * MLflow's server; against a real one a sample in which every kind of request and every fault occur.
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
import { everyNth, runProgramme } from "./fault-lanes.js";
import { pushOnce } from "./push-once.js";

const FULL = process.env.RUNSTONE_TIER === "full";

describe("every request of a push x every fault, against a model of the server", async () => {
  await matrix(await startMlflowModel({ after }), (cases) => everyNth(cases, FULL ? 1 : 17));
});

const skip = await mlflowServerSkip("3");

describe("every request of a push x every fault, against MLflow 3", { skip }, async () => {
  await matrix(await startMlflowServer({ after }, { version: "3" }), (cases) =>
    FULL ? eachKind(cases) : everyNth(cases, 83),
  );
});

interface MatrixCase extends FaultCase {
  /** `METHOD path`. */
  readonly request: string;
}

async function matrix(
  server: JudgedServer,
  choose: (cases: readonly MatrixCase[]) => readonly MatrixCase[],
): Promise<void> {
  const catcher = await startHttpCatcher({ after });
  const requests = await requestsOfPush(server);
  const faults = namedFaults(catcher.url);
  const all = requests.flatMap((request, index) =>
    faults.flatMap((fault) =>
      ([0, 3] as const).map((maxRetries) => ({ ordinal: index + 1, request, fault, maxRetries })),
    ),
  );
  const cases = choose(all);
  const size = `${requests.length} requests x ${faults.length} faults x with and without retries = ${all.length} pushes`;
  test(`${size}, of them ${cases.length}`, async () => {
    await runProgramme({
      title: `fault matrix: ${size}, of them ${cases.length}`,
      cases,
      nameOf: (one) => nameOfCase(one, one.request),
      judge: (one) => withBench(server, (bench) => judgeFault(bench, one)),
    });
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

/**
 * Every kind of request x every fault, once: of the places of a kind the next one each time, and in turn given up at once
 * and tried again.
 */
function eachKind(cases: readonly MatrixCase[]): readonly MatrixCase[] {
  const places = new Map<string, MatrixCase[]>();
  for (const one of cases) {
    const kind = `${one.request.replace(/\d+|[0-9a-f]{32}|m-[0-9a-f]{32}/g, "*")} ${one.fault.name}`;
    places.set(kind, [...(places.get(kind) ?? []), one]);
  }
  return [...places.values()].map((some, turn) => some[turn % some.length]!);
}
