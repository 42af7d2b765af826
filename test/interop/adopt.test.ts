/** What `adopt` makes of stores that were committed by hand is read by every MLflow, as Runstone reads it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { adopt } from "../../core/adopt/index.js";
import { openFileStore } from "../../core/store/open-store.js";
import { corpusDirectory, loadCorpora } from "../corpus/corpus.js";
import { writeDamagedStore } from "../helpers/damaged-store.js";
import { GIT_ENV } from "../helpers/git-repository.js";
import { releases } from "../helpers/mlflow.js";
import { assertSameView, type StoreView, viewOf } from "./store-view.js";

const RELEASES = await releases();
/** The oldest shape, which MLflow 3 refuses as it is, and one with CR LF, lost directories and logged models. */
const QUICK: ReadonlySet<string> = new Set(["mlflow08-nested-root", "mlflow3-crlf-lfs"]);

interface Origin {
  readonly name: string;
  /** Returns the root. */
  write(project: string): string;
}

function origins(): readonly Origin[] {
  const directory = corpusDirectory();
  const corpora = (directory === null ? [] : loadCorpora(directory)).map(({ name, root }) => ({
    name,
    write: (project: string): string => {
      cpSync(root, join(project, "mlruns"), { recursive: true });
      return join(project, "mlruns");
    },
  }));
  const wanted =
    process.env.RUNSTONE_TIER === "full" ? corpora : corpora.filter(({ name }) => QUICK.has(name));
  return [{ name: "a store with every damage", write: writeDamagedStore }, ...wanted];
}

for (const { series, skip, mlflow } of RELEASES) {
  describe(`MLflow ${series}.x reads what was adopted`, { skip }, () => {
    const scratch = realpathSync(mkdtempSync(join(tmpdir(), "runstone-adopted-")));
    after(() => rmSync(scratch, { recursive: true, force: true }));

    for (const { name, write } of origins())
      test(name, async () => {
        const project = mkdtempSync(join(scratch, "project-"));
        execFileSync("git", ["init", "-q"], { cwd: project, env: GIT_ENV });
        const root = write(project);
        const { context } = openFileStore({ cwd: project, path: root });
        assert.deepEqual(adopt(context, { apply: true, take: "ours" }).failures, []);
        const theirs = (await mlflow.call(
          "read_store",
          { uri: join(project, "mlruns") },
          project,
        )) as StoreView;
        assertSameView(await viewOf(openFileStore({ cwd: project })), withNames(theirs));
      });
  });
}

test("without adopting, MLflow 3 does not read the store with every damage", {
  skip: RELEASES[2]?.skip ?? true,
}, async (t) => {
  const project = realpathSync(mkdtempSync(join(tmpdir(), "runstone-adopted-")));
  t.after(() => rmSync(project, { recursive: true, force: true }));
  writeDamagedStore(project);
  await assert.rejects(RELEASES[2]!.mlflow.call("read_store", { uri: join(project, "mlruns") }, project));
});

/** MLflow tells a name that is not there from an empty one. */
function withNames(view: StoreView): StoreView {
  const runs = Object.entries(view.runs ?? {}).map(([id, run]) => [
    id,
    { ...run, run_name: run.run_name ?? "" },
  ]);
  return { ...view, runs: Object.fromEntries(runs) };
}
