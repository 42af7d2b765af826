/** Errors of another copy of the module: hot commands and the parts beside them are bundled apart. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isRunstoneError, RunstoneError } from "../../store-format/errors.js";

interface Copy {
  readonly RunstoneError: typeof RunstoneError;
}

test("an error of another copy is one, and nothing else is", async () => {
  const url = new URL("../../store-format/errors.js?copy", import.meta.url);
  const copy = (await import(url.href)) as Copy;
  assert.notEqual(copy.RunstoneError, RunstoneError);
  const foreign = new copy.RunstoneError("DAMAGED", "there");
  assert.ok(isRunstoneError(foreign, "DAMAGED"));
  assert.ok(!isRunstoneError(foreign, "USAGE"));
  assert.ok(isRunstoneError(new RunstoneError("USAGE", "here")));
  for (const other of [new Error("no"), { code: "DAMAGED" }, null, undefined, "DAMAGED"])
    assert.ok(!isRunstoneError(other));
});
