/**
 * The stores of the corpus on a real MLflow server and back into empty stores: what comes back is what was there, but for
 * differences that have a reason, each of which is named.
 */
import assert from "node:assert/strict";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { findRun, listRunLocations } from "../../core/index.js";
import { openContext } from "../../core/store/open-context.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import type { SyncReport } from "../../sync/engine/report.js";
import { type Corpus, corpusDirectory, loadCorpora } from "../corpus/corpus.js";
import { mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { type ComeBack, differencesOf } from "./come-back.js";
import { pullOnce } from "./pull-once.js";
import { pushOnce } from "./push-once.js";

/** The others belong to the full tier. */
const QUICK = [
  "mlflow08-nested-root",
  "mlflow1-nested-keys-history",
  "mlflow2-datasets-inputs",
  "mlflow3-windows-uri-blanks",
];
const IS_FULL = process.env.RUNSTONE_TIER === "full";

const directory = corpusDirectory();
const serverSkip = await mlflowServerSkip("3");
const skip = directory === null ? "there is no corpus" : serverSkip;

describe("the corpus on a server and back", { skip }, async () => {
  const server = await startMlflowServer({ after }, { version: "3" });
  const corpora = loadCorpora(directory ?? "").filter(({ name }) => IS_FULL || QUICK.includes(name));
  for (const corpus of corpora)
    test(corpus.name, async (t) => {
      const from = workspaceOf(t, corpus);
      const experiments = { map: new Map<string, string>(), prefix: `${corpus.name}/` };
      const pushed = await pushOnce({
        ...{ directory: from, url: server.url },
        push: { experiments: { ...experiments, restore: true }, includeDeleted: true },
      });
      const to = emptyWorkspace(t);
      const pulled = await pullOnce({
        ...{ directory: to, url: server.url },
        pull: { experiments, includeDeleted: true },
      });
      assert.deepEqual(
        pulled.outcomes
          .filter(({ result }) => result !== "done")
          .map(({ error, reason }) => error?.message ?? reason),
        [],
      );
      const found = compare({ from, to, pushed });
      const named = [...found.reasons].map(([reason, count]) => `${count} ${reason}`);
      t.diagnostic(`${found.equal} of ${found.runs} runs equal; ${named.join("; ") || "no differences"}`);
      assert.deepEqual(found.unexplained, []);
      assert.ok(found.runs > 0 || pushed.outcomes.length === 0 || corpus.truth.totals.run_count === 0);
      const again = await pushOnce({
        ...{ directory: to, url: server.url },
        push: { experiments: { ...experiments, restore: true }, includeDeleted: true },
      });
      assert.deepEqual([again.requests <= 1, again.counts.done, again.counts.failed], [true, 0, 0]);
    });
});

function workspaceOf(t: TestContext, { root }: Corpus): string {
  const workspace = temporaryDirectory(t);
  initWorkspace(workspace);
  cpSync(root, join(workspace, "mlruns"), { recursive: true });
  return workspace;
}

function emptyWorkspace(t: TestContext): string {
  const workspace = temporaryDirectory(t);
  mkdirSync(workspace, { recursive: true });
  initWorkspace(workspace);
  return workspace;
}

interface Compared {
  readonly runs: number;
  readonly equal: number;
  /** Reason -> how many differences it has. */
  readonly reasons: ReadonlyMap<string, number>;
  readonly unexplained: readonly string[];
}

function compare({
  from,
  to,
  pushed,
}: {
  readonly from: string;
  readonly to: string;
  readonly pushed: SyncReport;
}): Compared {
  const [there, here] = [openContext({ cwd: from }), openContext({ cwd: to })];
  const outcomes = new Map(pushed.outcomes.map((outcome) => [outcome.runId, outcome]));
  const reasons = new Map<string, number>();
  const unexplained: string[] = [];
  let [runs, equal] = [0, 0];
  for (const location of listRunLocations(there)) {
    const outcome = outcomes.get(location.runId);
    if (outcome === undefined) {
      unexplained.push(`${location.runId} was not looked at`);
      continue;
    }
    runs += 1;
    const back: ComeBack = { there, here, from: location, to: findRun(here, location.runId), outcome };
    const differences = differencesOf(back);
    if (differences.length === 0) equal += 1;
    for (const { what, reason } of differences)
      if (reason === null) unexplained.push(`${location.runId}: ${what}`);
      else reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return { runs, equal, reasons, unexplained };
}
