/** The pinned releases are what they should be, and each reads back what it wrote: what the other tests stand on. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { releases } from "../helpers/mlflow.js";

const RELEASES = await releases();

for (const { series, skip, mlflow } of RELEASES) {
  describe(`MLflow ${series}.x alone`, { skip }, () => {
    test("reads back what it wrote", async (t) => {
      const scratch = mkdtempSync(join(tmpdir(), "runstone-interop-"));
      t.after(() => rmSync(scratch, { recursive: true, force: true }));
      const uri = join(scratch, "mlruns");
      await mlflow.call("write_store", { uri, seed: series, files: scratch });
      const answer = (await mlflow.call("read_store", { uri })) as Record<string, object>;
      assert.match(String(answer.mlflow), new RegExp(`^${series}\\.`));
      assert.equal(Object.keys(answer.experiments ?? {}).length, 12);
      assert.equal(Object.keys(answer.runs ?? {}).length, series === 3 ? 69 : 68);
      assert.equal(Object.keys(answer.logged_models ?? {}).length, series === 3 ? 3 : 0);
    });
  });
}
