/** What a shell may offer: `completion --complete -- WORDS`, the last of them being typed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { madeOnce, newDirectory, type Workspace } from "./program.js";

const twoRuns = madeOnce((place) => {
  place.read(["init"]);
  const [early, late] = ["early", "late"].map((name) => place.read(["start", "--name", name]));
  for (const name of ["twin", "twin", "two words"]) place.read(["start", "--name", name]);
  return { early: early!, late: late! };
});

function offered(place: Workspace, ...words: string[]): string[] {
  return place.read(["completion", "--complete", "--", ...words]).split("\n");
}

test("the names of runs stand where a run is expected, the newest first; what is not plain or not unique does not", (t) => {
  const place = twoRuns(t);
  assert.deepEqual(offered(place, "show", ""), ["late", "early"]);
  assert.deepEqual(offered(place, "show", "ear"), ["early"]);
  assert.deepEqual(offered(place, "delete", "early", "l"), ["late"]);
  assert.deepEqual(offered(place, "artifacts", "list", "ear"), ["early"]);
  assert.deepEqual(offered(place, "run", "--parent", "la"), ["late"]);
  assert.deepEqual(offered(place, "runs", "--limit", ""), [""]);
});

test("what begins an id becomes the id", (t) => {
  const place = twoRuns(t);
  assert.ok(offered(place, "show", place.early.slice(0, 5)).includes(place.early));
});

test("the store and the directory of the line count, wherever they stand", (t) => {
  const place = twoRuns(t);
  const elsewhere = newDirectory(t);
  const store = `${place.directory}/mlruns`;
  assert.deepEqual(offered(elsewhere, "--store", store, "show", "ear"), ["early"]);
  assert.deepEqual(offered(elsewhere, "show", `--store=${store}`, "ear"), ["early"]);
  assert.deepEqual(offered(elsewhere, "-C", place.directory, "show", "ear"), ["early"]);
  assert.deepEqual(offered(elsewhere, "--store", store, "sho"), ["show"]);
  assert.deepEqual(offered(elsewhere, "show", "e"), [""]);
});
