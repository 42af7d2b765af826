import assert from "node:assert/strict";
import { test } from "node:test";
import { newDirectory } from "./program.js";

test("help and version are words as well as options", (t) => {
  const place = newDirectory(t);
  assert.equal(place.read(["help"]), place.read(["--help"]));
  assert.equal(place.read(["help", "artifacts", "list"]), place.read(["artifacts", "list", "--help"]));
  assert.equal(place.read(["version"]), place.read(["--version"]));
  const unknown = place.run(["help", "shwo"]);
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /Did you mean show\?/);
});

test("help filter prints the filter language", (t) => {
  const place = newDirectory(t);
  const page = place.read(["help", "filter"]);
  assert.match(page, /^ {2}commit = 3f2a +runs of this commit$/m);
  assert.match(page, /^ {2}operator +=/m);
  const alone = place.run(["filter"]);
  assert.equal(alone.status, 2);
  assert.match(alone.stderr, /See runstone help filter/);
});

test("help says how short the prefix of an id may be, and it is so", (t) => {
  const place = newDirectory(t);
  place.read(["init"]);
  const id = place.read(["start"]);
  const shortest = Number(/first (\d+) or more characters/.exec(place.read(["--help"]))?.[1]);
  assert.match(place.read(["show", id.slice(0, shortest)]), new RegExp(id));
  assert.equal(place.run(["show", id.slice(0, shortest - 1)]).status, 3);
});

test("artifacts alone names its subcommands", (t) => {
  const { status, stderr } = newDirectory(t).run(["artifacts"]);
  assert.equal(status, 2);
  assert.match(stderr, /list, download, cat/);
});
