/** What `runstone export` writes is what DuckDB reads: Parquet and CSV, nasty values included. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { pythonWith } from "../helpers/python.js";

const BINARY = resolve("dist/bin/runstone.js");
const DUCKDB = await pythonWith({ name: "duckdb", minimum: [3, 10], requirements: ["duckdb==2.0.0"] });
const NAME = 'na"me,\n=x é日👩';

/** Prints rows as JSON; doubles as Python's `repr`, so that NaN, infinities and -0.0 can be told apart. */
const SCRIPT = `
import duckdb, json, sys
rows = duckdb.sql(sys.argv[1]).fetchall()
print(json.dumps([[repr(cell) if isinstance(cell, float) else cell for cell in row] for row in rows]))
`;

test("DuckDB reads exported points", { skip: DUCKDB.skip }, (context) => {
  const directory = exported(context);
  const values = [
    [1, "nan"],
    [2, "-inf"],
    [3, "inf"],
    [4, "-0.0"],
    [5, "5e-324"],
    ["9223372036854775807", "0.30000000000000004"],
  ];
  for (const file of ["points.parquet", "points.csv"]) {
    const read = query(directory, `select run_name, metric, cast(step as varchar), value from '${file}'`);
    assert.deepEqual(
      read,
      values.map(([step, value]) => [NAME, "loss", String(step), value]),
      file,
    );
  }
  assert.deepEqual(query(directory, "select step from 'points.parquet' where isnan(value)"), [[1]]);
  assert.deepEqual(query(directory, "select typeof(step), typeof(value) from 'points.parquet' limit 1"), [
    ["BIGINT", "DOUBLE"],
  ]);
});

test("DuckDB reads exported runs", { skip: DUCKDB.skip }, (context) => {
  const directory = exported(context);
  const columns = `run_name, "params.empty", "params.sum", "params.lr", "metrics.loss", typeof(start_time)`;
  const rest = ["0.10", "0.30000000000000004", "BIGINT"];
  assert.deepEqual(query(directory, `select ${columns} from 'runs.parquet'`), [[NAME, "", "=1+1", ...rest]]);
  const csv = query(
    directory,
    `select ${columns} from read_csv('runs.csv', all_varchar = true, allow_quoted_nulls = false)`,
  );
  assert.deepEqual(csv[0]!.slice(0, 5), [NAME, "", "'=1+1", "0.10", "0.30000000000000004"]);
});

/** A directory with what was exported of a store of one run. */
function exported(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "runstone-parquet-"));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  const runstone = (...args: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [BINARY, ...args], {
      cwd: directory,
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    return stdout.trim();
  };
  runstone("init");
  const run = runstone("start", "--name", NAME);
  runstone("log", "param", "lr=0.10", "sum==1+1", "empty=", "--run", run);
  const lines = ["nan", "-inf", "inf", "-0.0", "5e-324"].map(
    (value, index) => `loss=${value} step=${index + 1}`,
  );
  const points = [...lines, "loss=0.30000000000000004 step=9223372036854775807"];
  for (const point of points) runstone("log", "metric", ...point.split(" "), "--run", run);
  runstone("end", "--run", run);
  for (const format of ["parquet", "csv"]) {
    runstone("export", "-o", `runs.${format}`);
    runstone("export", "--metrics", "-o", `points.${format}`);
  }
  writeFileSync(join(directory, "query.py"), SCRIPT);
  return directory;
}

function query(directory: string, sql: string): readonly (readonly unknown[])[] {
  if (DUCKDB.skip !== false) throw new Error(DUCKDB.skip);
  const printed = execFileSync(DUCKDB.python, ["query.py", sql], { cwd: directory, encoding: "utf8" });
  return JSON.parse(printed) as readonly (readonly unknown[])[];
}
