/**
 * For every request of a pull and of a verification, every fault of the network. A pull ends right or says what is missing, the
 * store is whole at any time, and the next pull completes it; a verification never calls a run wrong, or right, that it
 * could not read.
 */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startHttpCatcher } from "../helpers/http-catcher.js";
import { startMlflowModel } from "../helpers/mlflow-model-server.js";
import { mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";
import { type JudgedServer, namedFaults, nameOfCase } from "./fault-cases.js";
import { everyNth, runProgramme } from "./fault-lanes.js";
import {
  type Filled,
  fillServer,
  judgeReading,
  PULL,
  type Reading,
  requestsOf,
  VERIFY,
} from "./fault-reading-cases.js";

const FULL = process.env.RUNSTONE_TIER === "full";

describe("every request of a pull and a verification x every fault, against a model of the server", async () => {
  await matrices(await startMlflowModel({ after }), FULL ? 1 : 47);
});

const skip = await mlflowServerSkip("3");

describe("every request of a pull and a verification x every fault, against MLflow 3", { skip }, async () => {
  await matrices(await startMlflowServer({ after }, { version: "3" }), FULL ? 5 : 211);
});

async function matrices(server: JudgedServer, step: number): Promise<void> {
  const { url, requests: caught } = await startHttpCatcher({ after });
  const filled = await fillServer({ after }, server);
  for (const reading of [PULL, VERIFY]) await matrix(filled, reading, { catcher: url, caught, step });
}

interface Catcher {
  /** Where a redirect leads. */
  readonly catcher: string;
  readonly caught: readonly unknown[];
  readonly step: number;
}

async function matrix(filled: Filled, reading: Reading, { catcher, caught, step }: Catcher): Promise<void> {
  const requests = await requestsOf(filled, reading);
  const faults = namedFaults(catcher);
  const all = requests.flatMap((request, index) =>
    faults.flatMap((fault) =>
      ([0, 3] as const).map((maxRetries) => ({ ordinal: index + 1, request, fault, maxRetries })),
    ),
  );
  const cases = everyNth(all, step);
  const size = `${requests.length} requests x ${faults.length} faults x with and without retries = ${all.length}`;
  test(`${reading.name}: ${size}, of them ${cases.length}`, async () => {
    await runProgramme({
      title: `fault matrix of ${reading.name}: ${size}, of them ${cases.length}`,
      cases,
      nameOf: (one) => nameOfCase(one, one.request),
      judge: (one) => judgeReading(filled, reading, one),
    });
    assert.deepEqual(caught, [], "nothing is sent where a redirect leads");
  });
}
