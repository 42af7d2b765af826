/** After a merge of Git's: what rename detection moved into another run is put back, merged runs are sealed anew. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { checkMerge, openRepository } from "../../core/git/index.js";
import { verifyRun } from "../../core/maintenance/verify-run.js";
import { findRun } from "../../core/store/read/index.js";
import { readManifest, sealRun } from "../../core/store/runs/seal.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { serializePoint, serializeRunMeta } from "../../store-format/index.js";
import { GIT_ENV, TestRepository } from "../helpers/git-repository.js";
import { contextOf } from "../helpers/new-store.js";

const EXPERIMENT = "188651277052019879";
const [A, B] = ["a".repeat(32), "b".repeat(32)];

interface Place {
  readonly git: TestRepository;
  readonly root: string;
}

function newPlace(t: TestContext): Place {
  const git = TestRepository.create();
  t.after(() => git.remove());
  initWorkspace(git.root);
  const name = "credit";
  const meta = `artifact_location: ''\ncreation_time: 1\nexperiment_id: '${EXPERIMENT}'\nlast_update_time: 1\nlifecycle_stage: active\nname: ${name}\n`;
  git.write(`mlruns/${EXPERIMENT}/meta.yaml`, meta);
  return { git, root: join(git.root, "mlruns") };
}

const points = (...steps: readonly number[]): string =>
  steps.map((step) => serializePoint({ timestamp: step, value: step, step })).join("");
const note = (text: string): string => `${"the same long note of both runs\n".repeat(8)}${text}`;

function write({ git }: Place, run: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) git.write(`mlruns/${EXPERIMENT}/${run}/${path}`, text);
}

function wholeRun(place: Place, run: string, artifactUri = ""): void {
  const status = { status: "FINISHED", startTime: 1, endTime: 5, deletedTime: null } as const;
  const meta = {
    runId: run,
    experimentId: EXPERIMENT,
    runName: "otter",
    userId: "ana",
    artifactUri,
  } as const;
  write(place, run, {
    "meta.yaml": serializeRunMeta({ ...meta, ...status, lifecycleStage: "active" }),
    "metrics/loss": points(1, 2, 3, 4, 5, 6),
    "params/lr": "0.1",
    "tags/mlflow.note.content": note(""),
  });
}

function seal({ root }: Place, run: string): void {
  const context = contextOf(root);
  assert.ok(sealRun(context, findRun(context, run)!));
}

function commit({ git }: Place, message: string): void {
  git.git("add", "-A", ".");
  git.git("commit", "-qm", message);
}

function textOf({ root }: Place, run: string, path: string): string {
  return readFileSync(join(root, EXPERIMENT, run, path), "utf8");
}

async function check({ git, root }: Place): Promise<readonly string[]> {
  const repository = await openRepository({ cwd: git.root, env: GIT_ENV });
  const { actions, failures } = await checkMerge({ repository, context: contextOf(root) });
  assert.deepEqual(failures, []);
  return actions.map(({ path }) => path.replace(`${EXPERIMENT}/`, "")).sort();
}

describe("one side deletes a run and adds one that looks alike, the other edits the first", () => {
  test("nothing stays in the new run, and the edits are back where they were made", async (t) => {
    const place = newPlace(t);
    wholeRun(place, A);
    commit(place, "base");
    place.git.git("checkout", "-qb", "theirs");
    rmSync(join(place.root, EXPERIMENT, A), { recursive: true });
    wholeRun(place, B);
    commit(place, "another run instead");
    place.git.git("checkout", "-q", "main");
    write(place, A, {
      "tags/mlflow.note.content": note("edited"),
      "metrics/loss": points(1, 2, 3, 4, 5, 6, 7),
    });
    commit(place, "edits");
    place.git.git("merge", "-q", "--no-edit", "theirs");
    // What is to be mended: Git took B for A.
    assert.equal(textOf(place, B, "tags/mlflow.note.content"), note("edited"));
    assert.ok(!existsSync(join(place.root, EXPERIMENT, A)));

    await check(place);
    assert.equal(textOf(place, B, "tags/mlflow.note.content"), note(""));
    assert.equal(textOf(place, B, "metrics/loss"), points(1, 2, 3, 4, 5, 6));
    assert.equal(textOf(place, A, "tags/mlflow.note.content"), note("edited"));
    assert.equal(textOf(place, A, "metrics/loss"), points(1, 2, 3, 4, 5, 6, 7));
    assert.equal(textOf(place, A, "params/lr"), "0.1");
    assert.equal(place.git.git("diff", "--stat", "theirs", "--", `mlruns/${EXPERIMENT}/${B}`), "");
    assert.deepEqual(await check(place), []);
  });

  test("what the user edited while they merged stays", async (t) => {
    const place = newPlace(t);
    wholeRun(place, A);
    commit(place, "base");
    place.git.git("checkout", "-qb", "theirs");
    wholeRun(place, B);
    commit(place, "another run");
    place.git.git("checkout", "-q", "main");
    write(place, A, { "tags/mlflow.note.content": note("edited") });
    commit(place, "edits");
    place.git.git("merge", "-q", "--no-commit", "theirs");
    write(place, B, { "tags/mlflow.note.content": note("while merging") });
    commit(place, "merge");
    write(place, A, { "tags/team": "later" });
    assert.deepEqual(await check(place), []);
    assert.equal(textOf(place, B, "tags/mlflow.note.content"), note("while merging"));
  });
});

describe("a run that both sides changed", () => {
  test("is sealed anew once, with what both sealed", async (t) => {
    const place = newPlace(t);
    wholeRun(place, A);
    seal(place, A);
    commit(place, "base");
    place.git.git("checkout", "-qb", "theirs");
    write(place, A, { "metrics/loss": points(1, 2, 3, 4, 5, 6, 8), "tags/theirs": "1" });
    seal(place, A);
    commit(place, "theirs");
    place.git.git("checkout", "-q", "main");
    write(place, A, { "metrics/loss": points(1, 2, 3, 4, 5, 6, 7), "tags/ours": "1" });
    seal(place, A);
    commit(place, "ours");
    // Git's own drivers: points are united, the seal is a conflict that the user ends with the other side's.
    place.git.tryGit("merge", "-q", "--no-edit", "theirs");
    place.git.git("checkout", "--theirs", "--", `mlruns/${EXPERIMENT}/${A}/manifest.yaml`);
    commit(place, "merge");
    assert.deepEqual(await check(place), [A]);
    const context = contextOf(place.root);
    const location = findRun(context, A)!;
    const { damages, changes } = verifyRun(context, location);
    assert.deepEqual([damages, changes], [[], []]);
    const manifest = readManifest(location.directory);
    assert.equal(manifest?.complete, true);
    const paths = manifest?.files.map(({ path }) => path) ?? [];
    assert.ok(paths.includes("tags/ours") && paths.includes("tags/theirs"));
    assert.deepEqual(await check(place), []);
    place.git.git("commit", "-qa", "--amend", "--no-edit");
    assert.deepEqual(await check(place), []);
  });
});
