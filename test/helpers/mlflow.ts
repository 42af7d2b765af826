/** Real MLflow from PyPI, one release of each major series, driven through the scripts of `test/interop/drivers`. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PythonPackages, pythonWith, REPOSITORY } from "./python.js";
import { PythonServer } from "./python-server.js";

export type Series = 1 | 2 | 3;

const INTEROP = join(REPOSITORY, "test", "interop");
const DRIVERS = join(INTEROP, "drivers");
const RELEASES: Readonly<Record<Series, readonly string[]>> = {
  1: ["mlflow-skinny==1.30.1", "setuptools==69.5.1"],
  2: ["mlflow-skinny==2.22.5"],
  3: ["mlflow-skinny==3.17.2", "scikit-learn==1.9.1", "pandas==3.1.1"],
};

function packagesOf(series: Series): PythonPackages {
  return {
    name: `mlflow-${series}`,
    minimum: series === 3 ? [3, 11] : [3, 9],
    requirements: RELEASES[series],
    constraints: join(INTEROP, "requirements", `mlflow-${series}.txt`),
  };
}

export class Mlflow {
  readonly series: Series;
  readonly python: string;
  readonly #server: PythonServer;

  constructor(series: Series, python: string) {
    this.series = series;
    this.python = python;
    this.#server = new PythonServer(python, join(DRIVERS, "serve.py"), mlflowEnvironment());
  }

  /**
   * What a driver answers to a request (both JSON), in a process that stays up between calls; `cwd` is where MLflow
   * resolves relative locations. Rejects with the traceback when the driver raises.
   */
  async call(driver: string, request: object, cwd = tmpdir()): Promise<unknown> {
    return this.#server.call({ driver, request, cwd });
  }

  /** The same in a process of its own, which may run beside others. */
  async callAlone(driver: string, request: object): Promise<unknown> {
    const scratch = mkdtempSync(join(tmpdir(), "runstone-driver-"));
    const paths = [join(scratch, "request.json"), join(scratch, "answer.json")] as const;
    try {
      writeFileSync(paths[0], JSON.stringify(request));
      const args = [join(DRIVERS, `${driver}.py`), ...paths];
      await outcomeOf(spawn(this.python, args, { cwd: tmpdir(), env: mlflowEnvironment() }));
      return JSON.parse(readFileSync(paths[1], "utf8"));
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
}

export interface Release {
  readonly series: Series;
  /** Why it is skipped (see `pythonWith`); then there is no `mlflow`. */
  readonly skip: string | false;
  readonly mlflow: Mlflow;
}

/** The pinned release of every series. */
export async function releases(): Promise<readonly Release[]> {
  const all: Release[] = [];
  for (const series of [1, 2, 3] as const) {
    const found = await pythonWith(packagesOf(series));
    const python = found.skip === false ? found.python : "python that is not there";
    all.push({ series, skip: found.skip, mlflow: new Mlflow(series, python) });
  }
  return all;
}

/** Environment variables under which MLflow opens file stores, calls nobody and finds no setting of the user's. */
export function mlflowEnvironment(): NodeJS.ProcessEnv {
  const own = /^(MLFLOW_|PYTHON|DATABRICKS_|RUNSTONE_|NODE_)/;
  const kept = Object.entries(process.env).filter(([name]) => !own.test(name));
  return {
    ...Object.fromEntries(kept),
    MLFLOW_ALLOW_FILE_STORE: "true",
    MLFLOW_DISABLE_TELEMETRY: "true",
    DO_NOT_TRACK: "true",
    GIT_PYTHON_REFRESH: "quiet",
    PYTHONWARNINGS: "ignore",
    PYTHONUTF8: "1",
  };
}

function outcomeOf(child: ChildProcess): Promise<void> {
  const said: Buffer[] = [];
  child.stdout?.resume();
  child.stderr?.on("data", (chunk: Buffer) => said.push(chunk));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`Python ended with ${signal ?? code}:\n${Buffer.concat(said)}`));
    });
  });
}
