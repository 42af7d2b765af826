/** `logMetric` one by one beside MLflow's `log_metric`, on its file store and on SQLite, measured in the same run. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFileStore } from "../core/index.js";
import { ActiveRun } from "../sdk/index.js";
import { mlflowEnvironment } from "../test/helpers/mlflow.js";
import { pythonWith } from "../test/helpers/python.js";
import { timed } from "./measure.js";
import { perSecond, printRow } from "./table.js";

const VERSION = "3.17.2";
const THEIR_POINTS = 300;
const OUR_POINTS = 100_000;

const SCRIPT = `
import sys, time, mlflow
mlflow.set_tracking_uri(sys.argv[1])
with mlflow.start_run():
    mlflow.log_metric("warm", 0, step=0)
    start = time.perf_counter()
    for step in range(int(sys.argv[2])):
        mlflow.log_metric("loss", step * 0.37, step=step)
    print(time.perf_counter() - start)
`;

export async function benchMlflow(): Promise<void> {
  const found = await pythonWith({
    name: "mlflow-sqlite",
    minimum: [3, 11],
    requirements: [`mlflow-skinny==${VERSION}`, "sqlalchemy<3", "alembic<2"],
  });
  if (found.skip !== false) return;
  const place = mkdtempSync(join(tmpdir(), "runstone-bench-"));
  try {
    const ours = await ourRate(place);
    const { python } = found;
    compare("file store", `file://${place}/their-files`, 50, { ours, place, python });
    compare("SQLite", `sqlite:///${place}/their.db`, 100, { ours, place, python });
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** Points a second. */
async function ourRate(place: string): Promise<number> {
  const store = createFileStore({ cwd: place, path: "ours" });
  const { info } = await store.createRun({ experimentId: "0" });
  const run = new ActiveRun(store, await store.openRun(info.runId), { owned: true });
  for (let step = 0; step < 10_000; step += 1) run.logMetric("warm", 0, step);
  const time = await timed(() => {
    for (let step = 0; step < OUR_POINTS; step += 1) run.logMetric("loss", step * 0.37, step);
  });
  await run.end();
  return OUR_POINTS / (time / 1000);
}

interface Setting {
  readonly ours: number;
  readonly place: string;
  readonly python: string;
}

function compare(name: string, uri: string, bar: number, { ours, place, python }: Setting): void {
  const script = join(place, "log.py");
  writeFileSync(script, SCRIPT);
  const args = [script, uri, String(THEIR_POINTS)];
  const said = execFileSync(python, args, { cwd: place, env: mlflowEnvironment(), encoding: "utf8" });
  const seconds = Number(said.trim().split("\n").at(-1));
  const theirs = THEIR_POINTS / seconds;
  printRow({
    scenario: `\`logMetric\` one by one beside MLflow ${VERSION} on ${name}`,
    size: `${OUR_POINTS.toLocaleString("en")} / ${THEIR_POINTS} points`,
    result: perSecond(ours, 1000),
    baseline: perSecond(theirs, 1000),
    ratio: `${Math.round(ours / theirs)}x`,
    bar: `>= ${bar}x`,
    met: ours / theirs >= bar,
  });
}
