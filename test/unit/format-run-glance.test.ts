/** A glance at meta.yaml says what reading it says, or nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { glanceAtRunMeta, parseRunMeta, serializeRunMeta } from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";

const META = serializeRunMeta({
  runId: "0041a1e700c945475ff372fb4ffc3f19",
  experimentId: "712699536843431032",
  runName: "funny ruff",
  userId: "ana",
  status: "RUNNING",
  startTime: 1_700_000_000_406,
  endTime: null,
  deletedTime: null,
  lifecycleStage: "active",
  artifactUri: "./mlruns/712699536843431032/0041a1e700c945475ff372fb4ffc3f19/artifacts",
});

const latin1 = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

test("a file of ours, and one of MLflow's, is taken at a glance", () => {
  const found = { startTime: 1_700_000_000_406, lifecycleStage: "active" };
  assert.deepEqual(glanceAtRunMeta(latin1(META)), found);
  assert.deepEqual(glanceAtRunMeta(latin1(META.replace(/run_name: .*/, "run_name: swift-otter"))), found);
});

test("whatever is glanced at reads the same in full", () => {
  const lines = META.split("\n");
  const piece = fc.oneof(
    fc.constantFrom(..."'\"|>#: \n-[]{}&*!?,é\t%@`0123456789"),
    fc.constantFrom(
      "start_time: 7\n",
      "lifecycle_stage: deleted\n",
      "'\nstart_time: 5\n",
      "null",
      "~",
      " #x",
      "-",
      "status: 3\n",
    ),
    fc.constantFrom(...lines),
  );
  let taken = 0;
  fc.assert(
    fc.property(fc.nat(META.length), fc.nat(40), piece, (at, cut, inserted) => {
      const text = META.slice(0, at) + inserted + META.slice(at + cut);
      const glance = glanceAtRunMeta(latin1(text));
      if (glance === null) return;
      taken += 1;
      const { startTime, lifecycleStage } = parseRunMeta(Buffer.from(text));
      assert.deepEqual(glance, { startTime, lifecycleStage });
    }),
    { numRuns: 3000 },
  );
  assert.ok(taken > 20);
});
