/** Two faults in one push, at places drawn at random: what holds for one of them holds for both. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { startHttpCatcher } from "../helpers/http-catcher.js";
import { startMlflowModel } from "../helpers/mlflow-model-server.js";
import { newSeed, randomOf } from "../helpers/seed.js";
import { type FaultPair, judgePair, namedFaults, nameOfPair, withBench } from "./fault-cases.js";
import { runProgramme } from "./fault-lanes.js";
import { pushOnce } from "./push-once.js";

const SIZE = process.env.RUNSTONE_TIER === "full" ? 500 : 16;

describe("two faults in one push, against a model of the server", async () => {
  const server = await startMlflowModel({ after });
  const catcher = await startHttpCatcher({ after });
  const requests = await withBench(server, async (bench) => {
    await pushOnce(bench);
    return bench.requests.map(({ method, path }) => `${method} ${path.replace(/\?.*/s, "").slice(0, 60)}`);
  });
  const faults = namedFaults(catcher.url);
  const seed = newSeed("RUNSTONE_FAULT_SEED");

  test(`${SIZE} pairs of ${requests.length} requests x ${faults.length} faults, seed ${seed}`, async () => {
    const random = randomOf(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const one = (first: number): FaultPair["faults"][number] => {
      const ordinal = first + below(requests.length - first + 1);
      return { ordinal, request: requests[ordinal - 1]!, fault: faults[below(faults.length)]! };
    };
    const pairs = Array.from({ length: SIZE }, (): FaultPair => {
      const first = one(1);
      const next = one(Math.min(first.ordinal + 1, requests.length));
      return { faults: [first, next], maxRetries: below(2) === 0 ? 0 : 3 };
    });
    await runProgramme({
      title: `pairs of faults: ${SIZE}, seed ${seed}`,
      cases: pairs,
      nameOf: nameOfPair,
      judge: (pair) => withBench(server, (bench) => judgePair(bench, pair)),
    });
    assert.deepEqual(catcher.requests, [], "nothing is sent where a redirect leads");
  });
});
