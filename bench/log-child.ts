/** A process of the crowd: logs points into a run and closes it. Arguments: store, run id, count. */
import { openFileStore } from "../core/index.js";

const [path = "", runId = "", count = "0"] = process.argv.slice(2);
const store = openFileStore({ cwd: process.cwd(), path });
const writer = await store.openRun(runId);
for (let step = 0; step < Number(count); step += 1)
  writer.logMetrics([{ key: "loss", value: step * 0.37, step, timestamp: Date.now() }]);
await writer.close();
