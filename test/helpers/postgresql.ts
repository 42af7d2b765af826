/** A PostgreSQL server of a test's own, from a wheel of PyPI that carries the binaries. */
import { execFile } from "node:child_process";
import { chownSync, cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { freePort, type Scope, Service } from "./processes.js";
import { type PythonPackages, pythonWith } from "./python.js";

const execute = promisify(execFile);
const BINARIES: PythonPackages = { name: "postgresql", requirements: ["embedded-postgres==18.6.3"] };
/** PostgreSQL refuses to run as root: then it runs as `nobody`, from a copy that this user can reach. */
const NOBODY = process.getuid?.() === 0 ? 65_534 : undefined;

/** Why there is no PostgreSQL here (see `pythonWith`), or false. */
export async function postgresqlSkip(): Promise<string | false> {
  return (await pythonWith(BINARIES)).skip;
}

/** Starts a server with an empty database; returns its address as SQLAlchemy writes it. It ends with the scope. */
export async function startPostgresql(scope: Scope): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "runstone-postgresql-"));
  scope.after(() => rmSync(directory, { recursive: true, force: true }));
  const binaries = await copyBinaries(directory);
  const data = await createCluster(directory, binaries);
  const port = await freePort();
  const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"];
  const service = new Service({
    program: join(binaries, "postgres"),
    args: ["-D", data, "-p", `${port}`, ...settings.flatMap((setting) => ["-c", setting])],
    cwd: directory,
    env: environment(),
    ...user(),
  });
  // A killed server leaves its shared memory behind; this one cleans up, and waits for nobody.
  scope.after(() => service.end("SIGINT"));
  await untilReady({ service, binaries, port });
  return `postgresql+psycopg2://postgres@127.0.0.1:${port}/postgres`;
}

async function copyBinaries(directory: string): Promise<string> {
  const found = await pythonWith(BINARIES);
  if (found.skip !== false) throw new Error(found.skip);
  const script = "import embedded_postgres, os; print(os.path.dirname(embedded_postgres.__file__))";
  const { stdout } = await execute(found.python, ["-c", script]);
  const source = stdout.trim();
  const install = join(directory, "install");
  // The libraries lie beside the package, and the binaries look for them there.
  for (const name of [basename(source), `${basename(source)}.libs`])
    cpSync(join(dirname(source), name), join(install, name), { recursive: true });
  return join(install, basename(source), "pginstall", "bin");
}

async function createCluster(directory: string, binaries: string): Promise<string> {
  const data = join(directory, "data");
  mkdirSync(data, { mode: 0o700 });
  if (NOBODY !== undefined) for (const path of [directory, data]) chownSync(path, NOBODY, NOBODY);
  const args = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
  await execute(join(binaries, "initdb"), args, { cwd: directory, env: environment(), ...user() });
  return data;
}

interface Starting {
  readonly service: Service;
  readonly binaries: string;
  readonly port: number;
}

async function untilReady({ service, binaries, port }: Starting): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await isReady(binaries, port))) {
    if (service.ended || Date.now() > deadline) throw new Error(`PostgreSQL did not start:\n${service.said}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function isReady(binaries: string, port: number): Promise<boolean> {
  try {
    await execute(join(binaries, "pg_isready"), ["-q", "-h", "127.0.0.1", "-p", `${port}`]);
    return true;
  } catch {
    return false; // its exit code says: not yet
  }
}

function user(): { readonly uid?: number; readonly gid?: number } {
  return NOBODY === undefined ? {} : { uid: NOBODY, gid: NOBODY };
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: "C" };
}
