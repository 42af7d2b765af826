/** A bench for attacks: a workspace as it may come with a clone, canaries around it, and a look at what changed outside. */
import assert from "node:assert/strict";
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../cli/main.js", import.meta.url));

/** What no file of a store may hold, and no output may show. */
export const CANARY = "canary-4f1c8a";

export class Bench {
  /** Holds the canaries, and the workspace two levels down. */
  readonly top: string;
  readonly workspace: string;
  readonly store: string;
  /** A directory beside the workspace that belongs to somebody else. */
  readonly victim: string;

  constructor(t: TestContext) {
    this.top = mkdtempSync(join(tmpdir(), "runstone-security-"));
    t.after(() => rmSync(this.top, { recursive: true, force: true }));
    this.workspace = join(this.top, "home", "project");
    this.store = join(this.workspace, "mlruns");
    this.victim = join(this.top, "home", "victim");
    mkdirSync(this.workspace, { recursive: true });
    mkdirSync(join(this.top, "tmp"));
    for (const at of [this.top, join(this.top, "home"), this.victim, join(this.victim, "metrics")]) {
      mkdirSync(at, { recursive: true });
      writeFileSync(join(at, "canary"), CANARY);
      writeFileSync(join(at, "loss"), `1 0.5 0\n${CANARY}`);
    }
  }

  /** A workspace with one finished run of everything; returns the run's id. */
  init(): string {
    this.ok("init");
    writeFileSync(join(this.workspace, "roc.txt"), "artifact\n");
    this.ok(
      "run",
      "--param",
      "lr=0.1",
      "--tag",
      "team=a",
      "--artifacts",
      "roc.txt",
      "--",
      "/bin/sh",
      "-c",
      LINES,
    );
    const [run] = JSON.parse(this.ok("runs", "--json").stdout);
    return run.info?.run_id ?? run.run_id;
  }

  /** Runs `runstone ARGS` in the workspace; fails when it takes a minute. */
  runstone(...args: readonly string[]): SpawnSyncReturns<string> {
    return this.runstoneWith({}, ...args);
  }

  runstoneWith(env: Readonly<Record<string, string>>, ...args: readonly string[]): SpawnSyncReturns<string> {
    return this.#start(env, "", args);
  }

  /** As {@link runstone}, with a file as standard input. */
  runstoneReading(input: string, ...args: readonly string[]): SpawnSyncReturns<string> {
    return this.#start({}, readFileSync(input, "utf8"), args);
  }

  #start(
    env: Readonly<Record<string, string>>,
    input: string,
    args: readonly string[],
  ): SpawnSyncReturns<string> {
    const done = spawnSync(process.execPath, [MAIN, ...args], {
      input,
      cwd: this.workspace,
      env: {
        PATH: process.env.PATH,
        HOME: join(this.top, "home"),
        TMPDIR: join(this.top, "tmp"),
        RUNSTONE_SPOOL_DIR: join(this.top, "tmp"),
        ...env,
      },
      encoding: "utf8",
      timeout: 60_000,
      killSignal: "SIGKILL",
      maxBuffer: 1 << 28,
    });
    assert.notEqual(done.signal, "SIGKILL", `runstone ${args.join(" ")} hangs`);
    assert.doesNotMatch(
      done.stderr,
      /^\s+at .*\.js:\d+/m,
      `runstone ${args.join(" ")} crashes:\n${done.stderr}`,
    );
    return done;
  }

  ok(...args: readonly string[]): SpawnSyncReturns<string> {
    const done = this.runstone(...args);
    assert.equal(done.status, 0, `runstone ${args.join(" ")}: ${done.stderr}`);
    return done;
  }

  /** The directory of a run. */
  runDirectory(runId: string): string {
    const experiment = readdirSync(this.store).find((name) => existsSync(join(this.store, name, runId)));
    assert.ok(experiment !== undefined, `run ${runId} is nowhere`);
    return join(this.store, experiment, runId);
  }

  /** Everything but the workspace and the temporary directory: names, kinds, contents. */
  outside(): string {
    const hash = createHash("sha256");
    digest(
      this.top,
      (path) => path === this.workspace || path === join(this.top, "tmp"),
      (line) => hash.update(line),
    );
    return hash.digest("hex");
  }

  /** A copy of the workspace, to be put back by {@link restore}. */
  save(): string {
    const copy = join(this.top, "tmp", "saved");
    cpSync(this.workspace, copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    return copy;
  }

  restore(copy: string): void {
    rmSync(this.workspace, { recursive: true, force: true });
    cpSync(copy, this.workspace, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  }
}

const LINES =
  "echo '::runstone artifact roc.txt'; echo '::runstone metric loss=0.5 step=1'; echo '::runstone metric sub/acc=0.5 step=1'";

function digest(path: string, skip: (path: string) => boolean, tell: (line: string) => void): void {
  if (skip(path)) return;
  const stat = lstatSync(path);
  if (stat.isDirectory()) {
    tell(`d ${path}\n`);
    for (const name of readdirSync(path).sort()) digest(join(path, name), skip, tell);
  } else if (stat.isSymbolicLink()) tell(`l ${path} ${readlinkSync(path)}\n`);
  else if (stat.isFile()) tell(`f ${path} ${readFileSync(path).toString("latin1")}\n`);
  else tell(`? ${path}\n`);
}

/** Files below a directory that hold `needle`; links are not followed. */
export function filesHolding(directory: string, needle: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(needle));
}

/** Writes a file, making its directories. */
export function put(path: string, text: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
