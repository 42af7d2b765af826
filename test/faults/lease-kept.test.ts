/** A run that could not be opened is not held: the next attempt of the same process gets it. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { intercept } from "../../core/fs/index.js";
import { processOwner } from "../../core/leases/index.js";
import { newWorkspaceDirectory, removeWorkspace } from "../helpers/crash-runs.js";
import { inject } from "../helpers/fault-interceptor.js";
import { Desk, workloadOf } from "../helpers/store-workloads.js";

after(() => intercept(undefined));

describe("looking at the workspace fails while a run is opened", () => {
  for (const verb of ["openRun", "resumeRun"] as const) {
    test(verb, async () => {
      const desk = new Desk(newWorkspaceDirectory());
      await workloadOf("resume").setup(desk);
      const runId = await desk.runId("r");
      const open = () => desk.store[verb](runId, { owner: processOwner("test") });
      const isLook = ({ path }: { readonly path: string }) => path.endsWith("objects/tmp");
      for (let at = 0, failed = true; failed; at += 1) {
        const { hit } = inject({ at, error: "EIO", lasting: false }, isLook);
        const first = await open().catch((error: unknown) => error);
        intercept(undefined);
        failed = hit() !== null;
        if (!failed) assert.ok(at > 0, "nothing was looked at");
        else assert.ok(first instanceof Error);
        const writer = failed ? await open() : (first as Awaited<ReturnType<typeof open>>);
        await writer.end({ status: "FINISHED" });
      }
      await desk.leave();
      removeWorkspace(desk.workspace);
    });
  }
});
