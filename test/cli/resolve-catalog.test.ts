/** `status` and `resolve` with experiments and models that two changed differently. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type FileStore, openFileStore } from "../../core/index.js";
import { newDirectory, type Workspace } from "./program.js";

interface Lab {
  readonly stores: readonly [FileStore, FileStore];
  in(name: "a" | "b"): Workspace["run"];
}

/** Two workspaces that share a directory, and disagree on an experiment, a model and a version. */
async function newLab(t: TestContext): Promise<Lab> {
  const top = newDirectory(t);
  const inside =
    (name: string): Workspace["run"] =>
    (args, call) =>
      top.run(["-C", join(top.directory, name), ...args], call);
  for (const name of ["a", "b"]) {
    ok(top.run(["init", name]));
    ok(inside(name)(["remote", "add", "lab", join(top.directory, "lab")]));
  }
  const [a, b] = ["a", "b"].map((name) => openFileStore({ cwd: join(top.directory, name) }));
  const { experimentId } = await a!.createExperiment({ name: "red wine", tags: { team: "cellar" } });
  await a!.createRegisteredModel("net");
  for (const _ of [1, 2]) await a!.createModelVersion({ name: "net", source: "s3://models/net" });
  for (const name of ["a", "b"]) ok(inside(name)(["sync", "--models"]));
  await a!.setExperimentTags(experimentId, { team: "attic" });
  await b!.setExperimentTags(experimentId, { team: "kitchen" });
  await a!.setAlias("net", "champion", 1);
  await b!.setAlias("net", "champion", 2);
  await a!.deleteModelVersion("net", 2);
  await b!.transitionStage("net", 2, "Production");
  ok(inside("a")(["sync", "--models", "--include-deleted"]));
  return { stores: [a!, b!], in: inside };
}

function ok({ status, stdout, stderr }: ReturnType<Workspace["run"]>): string {
  assert.equal(status, 0, stdout + stderr);
  return stdout.trim();
}

test("a dry run tells what becomes of experiments and models", async (t) => {
  const top = newDirectory(t);
  const run: Workspace["run"] = (args, call) => top.run(["-C", join(top.directory, "a"), ...args], call);
  ok(top.run(["init", "a"]));
  ok(run(["remote", "add", "lab", join(top.directory, "lab")]));
  const store = openFileStore({ cwd: join(top.directory, "a") });
  await store.createExperiment({ name: "wine", tags: { team: "cellar" } });
  assert.match(ok(run(["push", "--dry-run"])), /^Would push 0 runs to lab: .*, 1 experiment made$/m);
  await store.createRegisteredModel("net");
  await store.createModelVersion({ name: "net", source: "s3://models/net" });
  await store.setAlias("net", "champion", 1);
  const line = /1 experiment made, 1 registered model made, 1 registered model changed, 1 model version made/;
  assert.match(ok(run(["push", "--models", "--dry-run"])), line);
  assert.deepEqual(JSON.parse(ok(run(["push", "--models", "--dry-run", "--json"]))), [
    { kind: "experiment", made: 1, changed: 0, conflicts: 0 },
    { kind: "registered_model", made: 1, changed: 1, conflicts: 0 },
    { kind: "model_version", made: 1, changed: 0, conflicts: 0 },
  ]);
  assert.match(ok(run(["push", "--models"])), line);
  assert.equal(ok(run(["sync", "--models", "--dry-run"])), "Nothing to sync with lab");
});

test("conflicts of experiments and models are shown by status, listed and settled by resolve", async (t) => {
  const { in: inside, stores } = await newLab(t);
  const [a, b] = stores;
  const run = inside("b");
  const synced = run(["sync", "--models", "--include-deleted"]);
  assert.equal(synced.status, 11);
  assert.match(synced.stderr, /experiment 'red wine': tag 'team' is kitchen here and attic there/);
  assert.match(
    synced.stderr,
    /registered model 'net': alias 'champion' is version 2 here and version 1 there/,
  );
  assert.match(synced.stderr, /net version 2: stage is Production here and deleted there/);
  const status = ok(run(["status"]));
  assert.match(status, /lab +0 +0 +0 +3 +0/);
  assert.match(status, /conflict +experiment:red wine +tag:team/);
  const [known] = JSON.parse(ok(run(["status", "--json"])));
  assert.deepEqual(
    known.catalog_conflicts.map(({ word, field }: { word: string; field: string }) => [word, field]),
    [
      ["experiment:red wine", "tag:team"],
      ["model:net", "alias:champion"],
      ["version:net/2", "stage"],
    ],
  );
  const listed = JSON.parse(ok(run(["resolve", "--json"])));
  const { kind, name, base, mine, theirs } = listed[0];
  assert.deepEqual(
    [kind, name, base, mine, theirs],
    ["experiment", "red wine", "cellar", "kitchen", "attic"],
  );

  assert.equal(run(["resolve", "experiment:white", "--ours"]).status, 3);
  assert.equal(run(["resolve", "experiment:red wine", "--accept"]).status, 2);
  assert.equal(
    ok(run(["resolve", "experiment:red wine", "--value", "office"])),
    "experiment 'red wine': tag 'team' is office, here and at lab",
  );
  assert.match(run(["resolve", "version:net/2", "--ours"]).stderr, /cannot come back/);
  ok(run(["resolve", "model:net", "--field", "alias:champion", "--theirs"]));
  ok(run(["resolve", "version:net/2", "--theirs"]));
  assert.equal(ok(run(["resolve"])), "Nothing is in conflict with lab");
  for (const each of ["a", "b"] as const) ok(inside(each)(["sync", "--models", "--include-deleted"]));
  for (const store of [a, b]) {
    assert.equal((await store.getExperimentByName("red wine"))?.tags["team"], "office");
    assert.equal((await store.getModelVersionByAlias("net", "champion")).version, 1);
    assert.equal((await store.listModelVersions("net")).length, 1);
  }
});
