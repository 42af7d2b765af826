/**
 * Real MLflow tracking servers: the full `mlflow` from PyPI, started by the command that `mlflow server` itself runs (so
 * its imports are paid for once), with one worker, on the loopback interface, over a database of its own.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { StoreView } from "../interop/store-view.js";
import { Mlflow, mlflowEnvironment } from "./mlflow.js";
import { postgresqlSkip, startPostgresql } from "./postgresql.js";
import { freePort, type Scope, Service } from "./processes.js";
import { type PythonPackages, pythonWith, REPOSITORY } from "./python.js";

export type ServerVersion = "2" | "3";
export type Backend = "sqlite" | "postgresql";

export interface MlflowServerOptions {
  readonly version: ServerVersion;
  /** `sqlite` when absent. */
  readonly backend?: Backend;
  /** `proxy`, MLflow's default: the server takes artifacts. `none`: it names a directory of its own machine. */
  readonly artifacts?: "proxy" | "none";
  readonly workers?: number;
}

/** The tests that need a server are required where the project's own checks run; see `pythonWith`. */
const PSYCOPG = "psycopg2-binary==2.9.13";
const REQUIREMENTS: Readonly<Record<ServerVersion, readonly string[]>> = {
  "2": ["mlflow==2.22.5", PSYCOPG],
  "3": ["mlflow==3.17.2", PSYCOPG],
};
const START_MS = 180_000;

function packagesOf(version: ServerVersion): PythonPackages {
  return {
    name: `mlflow-server-${version}`,
    minimum: version === "3" ? [3, 11] : [3, 9],
    requirements: REQUIREMENTS[version],
    constraints: join(REPOSITORY, "test", "interop", "requirements", `mlflow-server-${version}.txt`),
  };
}

/** Why there is no such server here, for `{ skip }` of node:test; false when there is. Said loudly; under CI it throws. */
export async function mlflowServerSkip(
  version: ServerVersion,
  backend: Backend = "sqlite",
): Promise<string | false> {
  const { skip } = await pythonWith(packagesOf(version));
  return skip === false && backend === "postgresql" ? postgresqlSkip() : skip;
}

/** A server that is up. It is killed, and its files removed, at the end of `scope`: a test, or `{ after }` of node:test. */
export async function startMlflowServer(scope: Scope, options: MlflowServerOptions): Promise<MlflowServer> {
  const found = await pythonWith(packagesOf(options.version));
  if (found.skip !== false) throw new Error(found.skip);
  const directory = mkdtempSync(join(tmpdir(), "runstone-mlflow-server-"));
  scope.after(() => rmSync(directory, { recursive: true, force: true }));
  const client = new Mlflow(options.version === "2" ? 2 : 3, found.python);
  const database = await newDatabase({ scope, client, directory, backend: options.backend ?? "sqlite" });
  const server = new MlflowServer({ ...options, client, directory, database, port: await freePort() });
  scope.after(() => server.kill());
  await server.start();
  return server;
}

interface ServerParts extends MlflowServerOptions {
  readonly client: Mlflow;
  readonly directory: string;
  readonly database: string;
  readonly port: number;
}

export class MlflowServer {
  readonly version: ServerVersion;
  readonly url: string;
  /** The interpreter that has this MLflow. */
  readonly python: string;
  /** Address of the database, as SQLAlchemy writes it. */
  readonly database: string;
  readonly #parts: ServerParts;
  #service: Service | null = null;

  constructor(parts: ServerParts) {
    this.version = parts.version;
    this.url = `http://127.0.0.1:${parts.port}`;
    this.python = parts.client.python;
    this.database = parts.database;
    this.#parts = parts;
  }

  /** Where the server keeps the artifacts it takes. */
  get artifactsPath(): string {
    return join(this.#parts.directory, "artifacts");
  }

  /** Resolves when the server answers. */
  async start(): Promise<void> {
    const { directory, port, workers = 1 } = this.#parts;
    const command = this.version === "3" ? uvicorn(port, workers) : gunicorn(port, workers);
    const env = { ...mlflowEnvironment(), ...this.#settings() };
    const service = new Service({ program: this.python, args: command, cwd: directory, env });
    this.#service = service;
    await untilHealthy(service, this.url);
  }

  /** Ends the server as an administrator does. */
  async stop(): Promise<void> {
    await this.#service?.end("SIGTERM");
  }

  /** `kill -9` of every process of the server. */
  async kill(): Promise<void> {
    await this.#service?.end("SIGKILL");
  }

  /** Starts it again at the same address with the same data. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** Everything the server holds, as the Python client of its own version sees it: in the shape of `viewOf`. */
  async read(): Promise<StoreView> {
    return (await this.#parts.client.call("read_store", { uri: this.url })) as StoreView;
  }

  /** The experiments of these names, their runs and logged models. */
  async readExperiments(...names: readonly string[]): Promise<StoreView> {
    const request = { uri: this.url, names };
    return (await this.#parts.client.call("read_experiments", request)) as StoreView;
  }

  /** The variables that `mlflow server` sets for the server process. */
  #settings(): NodeJS.ProcessEnv {
    const { artifacts = "proxy", directory } = this.#parts;
    const proxied = {
      _MLFLOW_SERVER_ARTIFACT_ROOT: "mlflow-artifacts:/",
      _MLFLOW_SERVER_SERVE_ARTIFACTS: "true",
      _MLFLOW_SERVER_ARTIFACT_DESTINATION: this.artifactsPath,
    };
    const own = { _MLFLOW_SERVER_ARTIFACT_ROOT: join(directory, "server-side") };
    return { _MLFLOW_SERVER_FILE_STORE: this.database, ...(artifacts === "proxy" ? proxied : own) };
  }
}

function uvicorn(port: number, workers: number): readonly string[] {
  const place = ["--host", "127.0.0.1", "--port", `${port}`];
  return ["-m", "uvicorn", ...place, "--workers", `${workers}`, "mlflow.server.fastapi_app:app"];
}

function gunicorn(port: number, workers: number): readonly string[] {
  return ["-m", "gunicorn", "-b", `127.0.0.1:${port}`, "-w", `${workers}`, "mlflow.server:app"];
}

async function untilHealthy(service: Service, url: string): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (!(await isHealthy(url))) {
    if (service.ended || Date.now() > deadline)
      throw new Error(`the MLflow server did not start:\n${service.said}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`, { headers: { connection: "close" } })).ok;
  } catch {
    return false; // nobody listens yet
  }
}

interface NewDatabase {
  readonly scope: Scope;
  readonly client: Mlflow;
  readonly directory: string;
  readonly backend: Backend;
}

/** Returns the address of an empty database with MLflow's tables. */
async function newDatabase({ scope, client, directory, backend }: NewDatabase): Promise<string> {
  if (backend === "postgresql") {
    const uri = await startPostgresql(scope);
    await client.callAlone("create_database", { uri });
    return uri;
  }
  const path = join(directory, "mlflow.db");
  copyFileSync(await databaseTemplate(client), path);
  return `sqlite:///${path}`;
}

/** Made once per environment, beside the interpreter: migrations take seconds. */
async function databaseTemplate(client: Mlflow): Promise<string> {
  const template = join(dirname(dirname(client.python)), "templates", "mlflow.db");
  if (existsSync(template)) return template;
  mkdirSync(dirname(template), { recursive: true });
  const draft = `${template}-${process.pid}`;
  await client.callAlone("create_database", { uri: `sqlite:///${draft}` });
  renameSync(draft, template);
  return template;
}
