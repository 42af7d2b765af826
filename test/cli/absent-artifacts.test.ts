import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { newDirectory } from "./program.js";

test("artifacts that a clone does not have are listed with their size, as absent", (t) => {
  const place = newDirectory(t);
  place.read(["init"]);
  writeFileSync(join(place.directory, "small"), "1");
  writeFileSync(join(place.directory, "large"), Buffer.alloc(3 << 20));
  const run = place.read(["start"]);
  place.read(["log", "artifact", "small", "--run", run]);
  place.read(["log", "artifact", "large", "--run", run, "--to", "models"]);
  place.read(["end", "--run", run]);
  const whole = place.read(["artifacts", "list", run, "-R", "--json"]);
  assert.doesNotMatch(whole, /"absent":true/);
  rmSync(join(place.directory, "mlruns", "0", run, "artifacts", "models"), { recursive: true });
  const listed = (...words: string[]) =>
    JSON.parse(place.read(["artifacts", "list", run, "--json", ...words])).filter(
      ({ path }: { path: string }) => !path.startsWith("runstone"),
    );
  const small = { path: "small", is_dir: false, file_size: 1, absent: false };
  const models = { path: "models", is_dir: true, file_size: null, absent: true };
  const large = { path: "models/large", is_dir: false, file_size: 3 << 20, absent: true };
  assert.deepEqual(listed(), [models, small]);
  assert.deepEqual(listed("-R"), [models, large, small]);
  assert.deepEqual(listed("models"), [large]);
  assert.equal(place.run(["artifacts", "list", run, "nothing"]).status, 3);
  assert.match(place.read(["artifacts", "list", run, "-R"]), /^models\/large +3\.0 MiB +absent$/m);
  rmSync(join(place.directory, "mlruns", "0", run, "artifacts"), { recursive: true });
  assert.deepEqual(listed(), [models, { ...small, absent: true }]);
});
