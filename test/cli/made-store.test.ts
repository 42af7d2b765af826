/** A store that is named and not there: what begins something makes it, what reads says so. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { newDirectory } from "./program.js";

for (const words of [["run", "--", "true"], ["start"], ["experiments", "create", "wine"]])
  test(`runstone ${words.join(" ")} makes the store`, (t) => {
    const place = newDirectory(t);
    const { status, stderr } = place.run(["--store", "deep/er", ...words]);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^Made a store: .*deep\/er$/m);
    assert.match(place.read(["--store", "deep/er", "experiments"]), /Default/);
    assert.doesNotMatch(place.run(["--store", "deep/er", ...words]).stderr, /Made a store/);
  });

for (const words of [
  ["runs"],
  ["log", "metric", "a=1", "--run", "abcd"],
  ["run", "--resume", "abcd", "--", "true"],
])
  test(`runstone ${words.join(" ")} makes no store`, (t) => {
    const place = newDirectory(t);
    const { status, stderr } = place.run(["--store", "none", ...words]);
    assert.notEqual(status, 0);
    assert.match(stderr, /none does not exist/);
    assert.equal(existsSync(join(place.directory, "none")), false);
  });

test("an empty run key is refused the same way everywhere", (t) => {
  const place = newDirectory(t);
  place.read(["init"]);
  const said = [["start"], ["run"]].map((words) => {
    const { status, stderr } = place.run([
      ...words,
      "--run-key",
      "",
      ...(words[0] === "run" ? ["--", "true"] : []),
    ]);
    assert.equal(status, 2);
    return stderr;
  });
  assert.equal(said[0], said[1]);
  assert.equal(place.read(["runs", "--json"]), "[]");
});
