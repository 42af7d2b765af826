/** Leaves two runs open, buffers a point of each and exits on a disk that takes no more points. Argument: a workspace. */
import { join } from "node:path";
import { intercept } from "../../core/fs/index.js";
import { initWorkspace } from "../../core/index.js";
import { setTrackingUri, startRun } from "../../sdk/index.js";
import { errnoError } from "./fault-interceptor.js";

const workspace = process.argv[2] ?? "";
initWorkspace(workspace);
setTrackingUri(join(workspace, "mlruns"));
const runs = [await startRun({ capture: false }), await startRun({ capture: false, nested: true })];
for (const run of runs) if (!run.logMetric("loss", 0.5, 0)) throw new Error("the point was refused");
intercept({
  before(operation) {
    const isPoint = operation.path.includes("/metrics/") && ["open", "write"].includes(operation.name);
    if (isPoint) throw errnoError("ENOSPC", operation);
    return undefined;
  },
});
