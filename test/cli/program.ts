/** The built binary, in a directory of its own. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import type { TestContext } from "node:test";

export const BINARY = resolve("dist/bin/runstone.js");

if (!existsSync(BINARY)) throw new Error(`${BINARY} is missing: run \`npm run build\` first`);

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Call {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface Workspace {
  readonly directory: string;
  /** `runstone ...args` */
  run(args: readonly string[], call?: Call): Ended;
  /** As `run`, which must succeed; its stdout without the last line end. */
  read(args: readonly string[], call?: Call): string;
  /** A script of /bin/sh in which `runstone` is this program. */
  script(text: string, call?: Call): Ended;
}

/** A directory that is removed after the test; not yet a workspace. */
export function newDirectory(t: TestContext): Workspace {
  const directory = mkdtempSync(join(tmpdir(), "runstone-cli-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return workspaceIn(directory);
}

/**
 * A workspace that is made once in a file of tests, when the first test asks for it; each test gets a copy of its own.
 * `make` returns what the tests are to know of it.
 */
export function madeOnce<T extends object>(
  make: (workspace: Workspace) => T,
): (t: TestContext) => Workspace & T {
  let original: { readonly directory: string; readonly known: T } | undefined;
  return (t) => {
    if (original === undefined) {
      const directory = mkdtempSync(join(tmpdir(), "runstone-cli-"));
      process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
      original = { directory, known: make(workspaceIn(directory)) };
    }
    const copy = newDirectory(t);
    cpSync(original.directory, copy.directory, { recursive: true, preserveTimestamps: true });
    return { ...copy, ...original.known };
  };
}

function workspaceIn(directory: string): Workspace {
  const run = (args: readonly string[], call: Call = {}): Ended =>
    start(process.execPath, [BINARY, ...args], { cwd: directory, ...call });
  return {
    directory,
    run,
    read(args, call) {
      const ended = run(args, call);
      if (ended.status !== 0) throw new Error(`runstone ${args.join(" ")}: ${ended.status} ${ended.stderr}`);
      return ended.stdout.replace(/\n$/, "");
    },
    script: (text, call = {}) =>
      start("/bin/sh", ["-c", `runstone() { "${process.execPath}" "${BINARY}" "$@"; }\n${text}`], {
        cwd: directory,
        ...call,
      }),
  };
}

let cache: string | undefined;

/** Of the programs of this process; not in their working directories, which tests list. */
function cacheDirectory(): string {
  if (cache === undefined) {
    const made = mkdtempSync(join(tmpdir(), "runstone-cache-"));
    process.on("exit", () => rmSync(made, { recursive: true, force: true }));
    cache = made;
  }
  return cache;
}

/** Only what a program needs of the environment: nothing of ours, no certificates, no colours. */
function start(program: string, args: readonly string[], { input = "", env = {}, cwd }: Call): Ended {
  const path = [dirname(process.execPath), process.env.PATH].join(delimiter);
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    input,
    env: {
      PATH: path,
      HOME: cwd,
      XDG_CACHE_HOME: cacheDirectory(),
      GIT_CEILING_DIRECTORIES: tmpdir(),
      ...env,
    },
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}
