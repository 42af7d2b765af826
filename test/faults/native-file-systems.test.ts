/** Directory remotes on file systems that can less: no hard links, no sync of directories, no modes. All of a run arrives all the same. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { afterEach, describe, test } from "node:test";
import { intercept, type Operation } from "../../core/fs/index.js";
import { fsck } from "../../core/index.js";
import { openDirectory } from "../../sync/native/open-directory.js";
import { errnoError } from "../helpers/fault-interceptor.js";
import { directoryPeer } from "../helpers/native-peers.js";
import { contentsOf, syncWith } from "../helpers/native-sync.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { makeRun, newWorkspace, points } from "../helpers/transfer-store.js";

const LACKS: Readonly<Record<string, { readonly names: readonly string[]; readonly error: string }>> = {
  ...Object.fromEntries(
    ["EPERM", "EOPNOTSUPP", "ENOTSUP", "EMLINK", "EXDEV", "ENOSYS"].map((error) => [
      `no hard links (${error})`,
      { names: ["link"], error },
    ]),
  ),
  "no sync of directories": { names: ["fsyncdir"], error: "EINVAL" },
  "no modes": { names: ["chmod"], error: "EPERM" },
};

afterEach(() => intercept(undefined));

describe("a directory remote with", () => {
  for (const [name, { names, error }] of Object.entries(LACKS))
    test(name, async (t) => {
      const path = join(temporaryDirectory(t), "lab");
      const store = newWorkspace(t);
      const clone = newWorkspace(t);
      const { runId } = await makeRun(store, {
        params: { p: "1" },
        metrics: points("loss", 0, 20),
        artifacts: { "a.txt": "text", "big.bin": "x".repeat(9 * 1_048_576), empty: "" },
      });
      await makeRun(store, { metrics: points("loss", 0, 3), end: false });
      let struck = 0;
      const there = (operation: Operation): boolean =>
        operation.path.startsWith(path) || operation.to?.startsWith(path) === true;
      intercept({
        before(operation) {
          if (!names.includes(operation.name) || !there(operation)) return undefined;
          struck += 1;
          throw errnoError(error, operation);
        },
      });
      const push = () => syncWith(store.context, directoryPeer(path), { direction: "both" });
      const failures = (report: Awaited<ReturnType<typeof push>>): string[] =>
        report.outcomes.flatMap((outcome) => (outcome.error === undefined ? [] : [String(outcome.error)]));
      assert.deepEqual(failures(await push()), []);
      await store.logBatch(runId, { metrics: points("loss", 20, 30) });
      await store.setTags(runId, { t: "2" });
      assert.deepEqual(failures(await push()), []);
      const pulled = await syncWith(clone.context, directoryPeer(path), { direction: "pull" });
      assert.deepEqual(failures(pulled), []);
      intercept(undefined);
      t.diagnostic(`${struck} operations refused`);
      assert.deepEqual(contentsOf(openDirectory(path)!), contentsOf(store.context));
      assert.deepEqual(contentsOf(clone.context), contentsOf(store.context));
      const lost = fsck(openDirectory(path)!).damages.filter(({ severity }) => severity === "lost");
      assert.deepEqual(lost, []);
    });
});
