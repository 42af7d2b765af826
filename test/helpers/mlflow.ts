/** Real MLflow from PyPI, one release of each major series, driven through the scripts of `test/interop/drivers`. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PythonPackages, pythonWith, REPOSITORY } from "./python.js";

export type Series = 1 | 2 | 3;

const INTEROP = join(REPOSITORY, "test", "interop");
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

export interface CallOptions {
  /** Working directory of the Python process, where MLflow resolves relative locations. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A Python process under way, and its outcome. */
export interface Running {
  readonly child: ChildProcess;
  /** Rejects with what the process said when it failed. */
  readonly done: Promise<string>;
}

export class Mlflow {
  readonly series: Series;
  readonly python: string;

  constructor(series: Series, python: string) {
    this.series = series;
    this.python = python;
  }

  /** Runs a driver to its end; `request` and the answer are JSON. Rejects with the traceback when it raises. */
  async call(driver: string, request: object, options: CallOptions = {}): Promise<unknown> {
    const scratch = mkdtempSync(join(tmpdir(), "runstone-driver-"));
    const paths = [join(scratch, "request.json"), join(scratch, "answer.json")] as const;
    try {
      writeFileSync(paths[0], JSON.stringify(request));
      await this.start([join(INTEROP, "drivers", `${driver}.py`), ...paths], options).done;
      return JSON.parse(readFileSync(paths[1], "utf8"));
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }

  /** Starts Python with the given arguments, in an environment without any setting of the user's. */
  start(args: readonly string[], options: CallOptions = {}): Running {
    const child = spawn(this.python, args, {
      cwd: options.cwd ?? tmpdir(),
      env: { ...mlflowEnvironment(), ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    return { child, done: outcomeOf(child) };
  }
}

/** The MLflow release of a series, or why it is skipped (see `pythonWith`). */
export async function mlflow(
  series: Series,
): Promise<{ readonly mlflow: Mlflow; readonly skip: false } | { readonly skip: string }> {
  const found = await pythonWith(packagesOf(series));
  return found.skip === false ? { mlflow: new Mlflow(series, found.python), skip: false } : found;
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

function outcomeOf(child: ChildProcess): Promise<string> {
  const said: Buffer[] = [];
  const printed: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => printed.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => said.push(chunk));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(Buffer.concat(printed).toString());
      else reject(new Error(`Python ended with ${signal ?? code}:\n${Buffer.concat(said)}`));
    });
  });
}
