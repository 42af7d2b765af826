/** R-sec-7: where the file system takes two spellings for one name, the second is refused and the first stays. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { intercept, readBytesIfExists } from "../../core/fs/index.js";
import { createFileStore, type FileStore } from "../../core/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import { foldNames } from "../helpers/folding-names.js";

/** Pairs of one name: by case, by Unicode form (all letters: marks are refused anyway), by case of a directory. */
const TWINS = [
  ["Team", "team"],
  ["\uac00", "\u1100\u1161"],
  ["Deep/key", "deep/other"],
] as const;

function foldingStore(t: TestContext): { readonly store: FileStore; readonly root: string } {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "runstone-fold-")));
  t.after(() => {
    intercept(undefined);
    rmSync(directory, { recursive: true, force: true });
  });
  const root = join(directory, "mlruns");
  const store = createFileStore({ cwd: directory, path: root });
  foldNames(directory);
  return { store, root };
}

const isRefused = (error: unknown): boolean => isRunstoneError(error, "INVALID_PARAMETER_VALUE");

test("the folding is as real ones are: found by either spelling, listed as it was made", (t) => {
  const { root } = foldingStore(t);
  writeFileSync(join(root, "Name"), "1");
  assert.equal(String(readBytesIfExists(join(root, "nAME"))), "1");
  assert.equal(readBytesIfExists(join(root, "other")), null);
  intercept(undefined);
  assert.ok(readdirSync(root).includes("Name"));
  assert.equal(existsSync(join(root, "nAME")), false);
});

for (const [first, second] of TWINS)
  test(`R-sec-7: ${JSON.stringify(first)} and ${JSON.stringify(second)}`, async (t) => {
    const { store } = foldingStore(t);
    const tags = { [first]: "1" };
    const both = { [first]: "1", [second]: "2" };
    const { experimentId } = await store.createExperiment({ name: "wine", tags });
    await assert.rejects(store.setExperimentTags(experimentId, { [second]: "2" }), isRefused);
    await assert.rejects(store.createExperiment({ name: "beer", tags: both }), isRefused);
    assert.equal(await store.getExperimentByName("beer"), null);

    await store.createRegisteredModel("wine", { tags });
    await assert.rejects(store.setRegisteredModelTags("wine", { [second]: "2" }), isRefused);

    const model = { experimentId, name: "m", params: both };
    await assert.rejects(store.createLoggedModel(model), isRefused);
    const { modelId } = await store.createLoggedModel({ experimentId, name: "m", tags });
    await assert.rejects(store.setLoggedModelTags(modelId, { [second]: "2" }), isRefused);
    intercept(undefined);

    assert.deepEqual({ ...(await store.getExperiment(experimentId)).tags }, tags);
    assert.deepEqual({ ...(await store.getRegisteredModel("wine")).tags }, tags);
    assert.deepEqual({ ...(await store.getLoggedModel(modelId)).tags }, tags);
  });
