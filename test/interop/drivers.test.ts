/** The pinned releases are what they should be, and each reads back what it wrote: what the other tests stand on. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { mlflow, type Series } from "../helpers/mlflow.js";

const SERIES: readonly Series[] = [1, 2, 3];

for (const series of SERIES) {
  const found = await mlflow(series);
  describe(`MLflow ${series}.x alone`, { skip: found.skip }, () => {
    test("reads back what it wrote", async (t) => {
      assert.ok(found.skip === false);
      const scratch = mkdtempSync(join(tmpdir(), "runstone-interop-"));
      t.after(() => rmSync(scratch, { recursive: true, force: true }));
      const uri = join(scratch, "mlruns");
      await found.mlflow.call("write_store", { uri, seed: series, files: scratch });
      const answer = (await found.mlflow.call("read_store", { uri })) as Record<string, object>;
      assert.match(String(answer.mlflow), new RegExp(`^${series}\\.`));
      assert.equal(Object.keys(answer.experiments ?? {}).length, 12);
      assert.equal(Object.keys(answer.runs ?? {}).length, series === 3 ? 69 : 68);
      assert.equal(Object.keys(answer.logged_models ?? {}).length, series === 3 ? 3 : 0);
    });
  });
}
