/**
 * A process with a live run, until it is killed. Arguments: `live ROOT RUN_ID` holds the run's lease and two writers
 * with one point each; `building ROOT` stops for ever just before a new experiment would appear. Prints `ready` then.
 */
import { writeSync } from "node:fs";
import { intercept } from "../../core/index.js";
import { processOwner } from "../../core/leases/index.js";
import { openFileStore } from "../../core/store/open-store.js";

const [mode, root = "", runId = ""] = process.argv.slice(2);
const store = openFileStore({ path: root, cwd: root });

if (mode === "live") {
  const point = { key: "loss", timestamp: 1_700_000_000_000 };
  const first = await store.openRun(runId, { owner: processOwner("train") });
  const second = await store.openRun(runId);
  first.logMetrics([{ ...point, value: 0.5, step: 1 }]);
  second.logMetrics([{ ...point, value: 0.25, step: 2 }]);
  first.logParams({ lr: "0.1" });
  writeSync(1, "ready\n");
  setInterval(() => undefined, 1 << 30);
} else {
  intercept({
    before(operation) {
      if (operation.name !== "rename" || !operation.path.includes(".trash")) return undefined;
      writeSync(1, "ready\n");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      return undefined;
    },
  });
  await store.createExperiment({ name: "never appears" });
}
