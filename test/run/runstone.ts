/** Starts the real command line in a workspace of its own, as a user would. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { isProcessAlive } from "../../core/capture/process-identity.js";

/** The program under test. */
export const MAIN = fileURLToPath(new URL("../../cli/main.js", import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input. */
  readonly input?: string;
}

/** A directory with a store, and a place for spools; removed after the test. */
export class Workspace {
  readonly path: string;
  readonly store: string;
  readonly spools: string;
  readonly env: NodeJS.ProcessEnv;

  constructor(context: TestContext, store?: string) {
    this.path = mkdtempSync(join(tmpdir(), "runstone-run-"));
    this.spools = join(this.path, "spools");
    this.store = store ?? join(this.path, "mlruns");
    mkdirSync(this.spools);
    const { RUNSTONE_RUN_ID: _, NODE_EXTRA_CA_CERTS: __, ...env } = process.env;
    this.env = { ...env, RUNSTONE_SPOOL_DIR: this.spools, RUNSTONE_STORE: this.store };
    mkdirSync(this.store, { recursive: true });
    context.after(() => rmSync(this.path, { recursive: true, force: true }));
  }

  /** Runs `runstone ARGS` to its end. */
  runstone(args: readonly string[], options: StartOptions = {}): Finished {
    const done = spawnSync(process.execPath, [MAIN, ...args], {
      cwd: this.path,
      env: { ...this.env, ...options.env },
      encoding: "utf8",
      ...(options.input === undefined ? {} : { input: options.input }),
      maxBuffer: 1 << 28,
    });
    return { code: done.status, signal: done.signal, stdout: done.stdout, stderr: done.stderr };
  }

  /** Runs a shell script as the child of `runstone run OPTIONS`. */
  runScript(script: string, args: readonly string[] = [], options: StartOptions = {}): Finished {
    return this.runstone(["run", ...args, "--", "/bin/sh", "-c", script], options);
  }

  /** Starts it; its output is gathered as latin1. */
  start(args: readonly string[], options: StartOptions = {}): Started {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: this.path,
      env: { ...this.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    return new Started(child);
  }

  write(name: string, text: string): string {
    const path = join(this.path, name);
    writeFileSync(path, text);
    return path;
  }

  /** Directories of all runs. */
  runs(): readonly string[] {
    return subdirectories(this.store)
      .flatMap((experiment) => subdirectories(experiment))
      .filter((path) => existsSync(join(path, "meta.yaml")));
  }

  /** The directory of the one run. */
  run(): string {
    const runs = this.runs();
    assert.equal(runs.length, 1, `runs: ${runs}`);
    return runs[0]!;
  }
}

export class Started {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  stdout = "";
  stderr = "";

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.on("data", (chunk: Buffer) => (this.stdout += chunk.toString("latin1")));
    child.stderr?.on("data", (chunk: Buffer) => (this.stderr += chunk.toString("latin1")));
    this.finished = new Promise((resolve) => {
      child.once("close", (code, signal) =>
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr }),
      );
    });
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }
}

/** Waits until `check` gives something; fails after a minute. */
export async function until<T>(what: string, check: () => T | null | undefined | false): Promise<T> {
  const patience = Date.now() + 60_000;
  for (;;) {
    const found = check();
    if (found !== null && found !== undefined && found !== false) return found;
    if (Date.now() > patience) assert.fail(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export function readText(...parts: readonly string[]): string {
  return readFileSync(join(...parts), "utf8");
}

/** A file that need not be there yet. */
export function textIfThere(...parts: readonly string[]): string | null {
  const path = join(...parts);
  return existsSync(path) ? readFileSync(path, "utf8") : null;
}

/** A field of a run's meta.yaml. MLflow writes the status as its number. */
export function metaOf(run: string, field: string): string | undefined {
  return new RegExp(`^${field}: (.*)$`, "m").exec(readText(run, "meta.yaml"))?.[1];
}

const STATUSES: Readonly<Record<string, string>> = { 1: "RUNNING", 3: "FINISHED", 4: "FAILED", 5: "KILLED" };

export function statusOf(run: string): string | undefined {
  return STATUSES[metaOf(run, "status") ?? ""];
}

/** `[value, step]` of every point of a key, in file order. */
export function pointsOf(run: string, key: string): readonly (readonly [number, number])[] {
  const lines = readText(run, "metrics", ...key.split("/"))
    .trimEnd()
    .split("\n");
  return lines.map((line) => {
    const [, value, step] = line.split(" ");
    return [Number(value), Number(step)];
  });
}

/** Every file below a directory with its bytes. */
export function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Files whose bytes hold `needle`. */
export function filesHolding(directory: string, needle: string): readonly string[] {
  return filesBelow(directory).filter((path) => readFileSync(path).includes(needle));
}

function subdirectories(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map((entry) => join(directory, entry.name));
}

/** As the program under test sees it. */
export const isAlive = isProcessAlive;

export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
