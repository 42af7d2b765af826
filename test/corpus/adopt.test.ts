/** `adopt` of every store of the corpus: each value stays what the truth says, and nothing is left for a second one to do. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { type AdoptReport, adopt } from "../../core/adopt/index.js";
import { fsck, listRunLocations, openFileStore } from "../../core/index.js";
import { fileTree } from "../helpers/file-tree.js";
import { GIT_ENV } from "../helpers/git-repository.js";
import { corpusDirectory, loadCorpora, type Truth } from "./corpus.js";
import { digestEntry, digestOf } from "./digest.js";

const directory = corpusDirectory();

for (const { name, root: origin, truth } of directory === null ? [] : loadCorpora(directory)) {
  describe(name, () => {
    const project = realpathSync(mkdtempSync(join(tmpdir(), "runstone-adopt-")));
    after(() => rmSync(project, { recursive: true, force: true }));
    const root = join(project, "mlruns");
    cpSync(origin, root, { recursive: true });
    execFileSync("git", ["init", "-q"], { cwd: project, env: GIT_ENV });
    const before = fileTree(project);

    test("a plan, its changes, and nothing for a second one", () => {
      assertTruth(root, truth);
      const plan = adoptAt(root, false);
      assert.deepEqual(fileTree(project), before, "the plan changed nothing");
      const done = adoptAt(root, true);
      assert.deepEqual(done.failures, []);
      assert.deepEqual(told(done.changes), told(plan.changes));
      assert.deepEqual(told(done.leftAlone), told(plan.leftAlone));
      assertTruth(root, truth);

      const adopted = fileTree(project);
      const again = adoptAt(root, true);
      assert.deepEqual(again.changes, []);
      assert.deepEqual(told(again.leftAlone), told(plan.leftAlone));
      assert.deepEqual(fileTree(project), adopted);
    });

    test("what was replaced or taken out is kept as it was", () => {
      const kept = fileTree(join(project, ".runstone", "adopted"));
      const now = fileTree(project);
      for (const [path, digest] of Object.entries(before)) {
        const name = path.slice("mlruns/".length);
        if (!path.startsWith("mlruns/") || now[path] === digest) continue;
        const places = Object.keys(kept).filter((place) => place.split("/").slice(1).join("/") === name);
        // Converted line ends are mended by the repair, which needs no copy.
        if (places.length === 0) assert.ok(isCrlfMetric(join(origin, name)), name);
        else
          assert.deepEqual(
            places.map((place) => kept[place]),
            [digest],
          );
      }
    });

    test("nothing that could be mended is left", () => {
      const { damages } = fsck(openFileStore({ cwd: project }).context);
      assert.deepEqual(
        damages.filter(({ severity, kind }) => severity === "rebuildable" && kind !== "lfs_pointer"),
        [],
      );
    });
  });
}

function adoptAt(root: string, apply: boolean): AdoptReport {
  return adopt(openFileStore({ cwd: root, path: root }).context, { apply, take: undefined });
}

function assertTruth(root: string, truth: Truth): void {
  const runs = [...listRunLocations({ root, workspace: null })];
  const entries = runs
    .filter(({ orphan }) => !orphan)
    .map((location) => digestEntry(location, () => undefined));
  assert.equal(entries.length, truth.totals.run_count);
  assert.equal(digestOf(entries), truth.digest_all_runs);
}

function told(items: readonly object[]): string[] {
  return items.map((item) => JSON.stringify(item)).sort();
}

function isCrlfMetric(path: string): boolean {
  return path.includes("/metrics/") && readFileSync(path).includes("\r\n");
}
