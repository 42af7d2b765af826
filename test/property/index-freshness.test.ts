/**
 * The index against the files: writes by Runstone and by others, in place and by replacing, with queries in between.
 * No query returns what the files do not say, but for what the rules leave out (docs/design/0006-search-index-freshness.md).
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { openIndexedRuns, type Refresh } from "../../core/index/open-indexed-runs.js";
import { createFileStore, type FileStore, openFileStore, type RunWriter } from "../../core/index.js";
import { readRunRecord } from "../../core/search/read-run-record.js";
import type { RunRecord } from "../../core/search/run-record.js";
import { searchableRuns } from "../../core/search/searchable-runs.js";
import fc from "../helpers/fast-check.js";
import { newSeed } from "../helpers/seed.js";

const full = process.env.RUNSTONE_TIER === "full";

/** Runs that were edited in place since everything was last looked at: the rules let a query show them as they were. */
interface Model {
  readonly excused: Set<string>;
}

interface Size {
  readonly smallStoreRuns: number;
  readonly ahead: number;
}

class Real {
  readonly place = fs.mkdtempSync(join(tmpdir(), "runstone-fresh-"));
  readonly root = join(this.place, "mlruns");
  readonly indexDirectory = join(this.place, "cache");
  readonly writers = new Map<string, RunWriter>();
  readonly smallStoreRuns: number;
  /** By how much the clock of the index is ahead, in milliseconds: so long ago everything was read. */
  readonly ahead: number;
  readonly warnings: string[] = [];
  store: FileStore;
  commits = 0;

  constructor({ smallStoreRuns, ahead }: Size) {
    this.smallStoreRuns = smallStoreRuns;
    this.ahead = ahead;
    this.store = createFileStore({ cwd: this.place, path: "mlruns", ...this.options });
    git(this.place, "init", "-q");
  }

  get options() {
    return { indexDirectory: this.indexDirectory, warn: (message: string) => this.warnings.push(message) };
  }

  /** As a program that is started anew. */
  reopen(): void {
    this.store = openFileStore({ cwd: this.place, path: "mlruns", ...this.options });
  }

  runs(): string[] {
    return [...searchableRuns(this.store.context, undefined, () => {})]
      .map(({ directory }) => directory)
      .sort();
  }

  any(at: number): string | undefined {
    const runs = this.runs();
    return runs[at % Math.max(1, runs.length)];
  }

  remove(): void {
    fs.rmSync(this.place, { recursive: true, force: true });
  }
}

class Act implements fc.AsyncCommand<Model, Real> {
  readonly name: string;
  readonly act: (real: Real, model: Model) => void | Promise<void>;

  constructor(name: string, act: (real: Real, model: Model) => void | Promise<void>) {
    this.name = name;
    this.act = act;
  }

  check = () => true;

  async run(model: Model, real: Real): Promise<void> {
    await this.act(real, model);
  }

  toString = () => this.name;
}

class Query implements fc.AsyncCommand<Model, Real> {
  readonly refresh: Refresh;
  readonly anew: boolean;

  constructor(refresh: Refresh, anew: boolean) {
    this.refresh = refresh;
    this.anew = anew;
  }

  check = () => true;

  async run(model: Model, real: Real): Promise<void> {
    if (this.anew) real.reopen();
    const before = statesOf(real);
    const { table } = openIndexedRuns(real.store.context, {
      refresh: this.refresh,
      stateOf: () => "RUNNING",
      smallStoreRuns: real.smallStoreRuns,
      clock: () => Date.now() + real.ahead,
    });
    const found = Array.from({ length: table.rowCount }, (_, row) => table.runAt(row)).sort(byDirectory);
    if (this.refresh === "full") model.excused.clear();
    if (this.refresh === "none") return;
    assert.deepEqual(
      found.map(({ directory }) => directory),
      before.map(({ directory }) => directory),
    );
    for (const [index, run] of before.entries())
      if (!model.excused.has(run.directory)) assert.deepStrictEqual(found[index], run);
    assert.deepEqual(real.warnings.filter(isOfIndex), []);
  }

  toString = () => `query ${this.refresh}${this.anew ? " in a new program" : ""}`;
}

/** Others are of writes to runs that the model damaged. */
function isOfIndex(warning: string): boolean {
  return warning.startsWith("searching without");
}

function byDirectory(a: RunRecord, b: RunRecord): number {
  return a.directory < b.directory ? -1 : 1;
}

function statesOf({ store }: Real): RunRecord[] {
  const runs = [...searchableRuns(store.context, undefined, () => {})];
  return runs.map((run) => readRunRecord(run, () => {})).sort(byDirectory);
}

function git(place: string, ...args: readonly string[]): string {
  const env = { PATH: process.env.PATH, HOME: place, GIT_CONFIG_NOSYSTEM: "1" };
  const who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.excludesFile=", "-c", "gc.auto=0"];
  const { stdout } = spawnSync("git", ["-C", place, ...who, ...args], { env, encoding: "utf8" });
  return stdout;
}

const at = fc.nat(20);
const word = fc.constantFrom("a", "b", "c", "aa", "ab", "");
const key = fc.constantFrom("k", "lr", "n/k");

/** Changes the bytes of a file in place, as an editor that does not replace it, or MLflow's `open(path, "w")`. */
function editInPlace(real: Real, model: Model, path: string, change: (text: string) => string): void {
  if (!fs.existsSync(path) || !fs.statSync(path).isFile()) return;
  const run = real.runs().find((directory) => path.startsWith(`${directory}/`));
  // meta.yaml is looked at by every query, as directories are.
  if (run !== undefined && !path.endsWith("/meta.yaml")) model.excused.add(run);
  fs.writeFileSync(path, change(fs.readFileSync(path, "utf8")));
}

/** Files of a run's record. */
function filesOf(run: string): string[] {
  return fs
    .readdirSync(run, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((path) => /\/(meta\.yaml|(metrics|params|tags)\/.*)$/.test(path))
    .sort();
}

function onFile(real: Real, a: number, b: number, then: (path: string, run: string) => void): void {
  const run = real.any(a);
  const files = run === undefined ? [] : filesOf(run);
  const path = files[b % Math.max(1, files.length)];
  if (path !== undefined && run !== undefined) then(path, run);
}

const byRunstone: fc.Arbitrary<Act>[] = [
  fc.tuple(at, word, fc.boolean()).map(
    ([experiment, value, ends]) =>
      new Act(`createRun(${value}, ${ends ? "ended" : "live"})`, async (real) => {
        const experiments = await real.store.listExperiments();
        const { experimentId } = experiments[experiment % experiments.length] ?? { experimentId: "0" };
        await softly(async () => {
          const run = await real.store.createRun({ experimentId, params: { lr: value }, tags: { k: value } });
          const writer = await real.store.openRun(run.info.runId);
          writer.logMetrics([{ key: "loss", value: 0.5, timestamp: 1, step: 0 }]);
          if (ends) await writer.end({ status: "FINISHED" });
          else real.writers.set(run.info.runId, writer);
        });
      }),
  ),
  fc.tuple(at, fc.double()).map(
    ([index, value]) =>
      new Act(`logMetric(${value})`, (real) => {
        const writer = [...real.writers.values()][index % Math.max(1, real.writers.size)];
        if (writer === undefined || !fs.existsSync(locate(real, writer.runId))) return;
        writer.logMetrics([{ key: "loss", value, timestamp: 2, step: index }]);
      }),
  ),
  fc.tuple(at).map(
    ([index]) =>
      new Act("end", async (real) => {
        const [runId, writer] = [...real.writers][index % Math.max(1, real.writers.size)] ?? [];
        if (runId === undefined || writer === undefined) return;
        real.writers.delete(runId);
        await softly(() => writer.end({ status: "FAILED" }));
      }),
  ),
  fc.tuple(at, key, word).map(
    ([index, tag, value]) =>
      new Act(`setTag(${tag}=${value})`, async (real) => {
        const run = real.any(index);
        if (run !== undefined) await softly(() => real.store.setTags(idOf(run), { [tag]: value }));
      }),
  ),
  fc.tuple(at, fc.boolean()).map(
    ([index, deletes]) =>
      new Act(deletes ? "deleteRun" : "restoreRun", async (real) => {
        const run = real.any(index);
        if (run === undefined) return;
        await softly(() => (deletes ? real.store.deleteRun(idOf(run)) : real.store.restoreRun(idOf(run))));
      }),
  ),
  fc.tuple(word).map(
    ([name]) =>
      new Act("createExperiment", async (real) => {
        await softly(() => real.store.createExperiment({ name: `e${name}` }));
      }),
  ),
  fc.tuple(at, fc.boolean()).map(
    ([index, deletes]) =>
      new Act(deletes ? "deleteExperiment" : "restoreExperiment", async (real) => {
        const experiments = await real.store.listExperiments("all");
        const { experimentId } = experiments[index % Math.max(1, experiments.length)] ?? {};
        if (experimentId === undefined) return;
        const { store } = real;
        await softly(() =>
          deletes ? store.deleteExperiment(experimentId) : store.restoreExperiment(experimentId),
        );
      }),
  ),
];

const byOthers: fc.Arbitrary<Act>[] = [
  fc
    .tuple(at, at, word)
    .map(
      ([a, b, text]) =>
        new Act(`append ${JSON.stringify(text)} in place`, (real, model) =>
          onFile(real, a, b, (path) => editInPlace(real, model, path, (before) => before + text)),
        ),
    ),
  fc.tuple(at, at).map(
    ([a, b]) =>
      new Act("edit in place, keeping size and mtime", (real, model) =>
        onFile(real, a, b, (path) => {
          const { atime, mtime } = fs.statSync(path);
          editInPlace(real, model, path, (before) =>
            before.replace(/[0-9a-z]/, (c) => (c === "7" ? "8" : "7")),
          );
          fs.utimesSync(path, atime, mtime);
        }),
      ),
  ),
  fc.tuple(at, at, word).map(
    ([a, b, text]) =>
      new Act(`replace by ${JSON.stringify(text)}, keeping the mtime`, (real) =>
        onFile(real, a, b, (path) => {
          const { atime, mtime } = fs.statSync(path);
          fs.writeFileSync(`${path}.tmp`, text);
          fs.utimesSync(`${path}.tmp`, atime, mtime);
          fs.renameSync(`${path}.tmp`, path);
        }),
      ),
  ),
  fc
    .tuple(at, at)
    .map(([a, b]) => new Act("delete a file", (real) => onFile(real, a, b, (path) => fs.rmSync(path)))),
  fc.tuple(at, key, word).map(
    ([a, name, text]) =>
      new Act(`new file ${name}`, (real) => {
        const run = real.any(a);
        if (run === undefined || fs.existsSync(join(run, "params", name))) return;
        fs.mkdirSync(join(run, "params", name, ".."), { recursive: true });
        fs.writeFileSync(join(run, "params", name), text);
      }),
  ),
  fc.tuple(at).map(
    ([a]) =>
      new Act("delete a run's directory", (real) => {
        const run = real.any(a);
        if (run !== undefined) fs.rmSync(run, { recursive: true });
      }),
  ),
  fc.tuple(at, fc.boolean()).map(
    ([a, keeps]) =>
      new Act(keeps ? "copy a run" : "rename a run", (real) => {
        const run = real.any(a);
        if (run === undefined) return;
        const to = `${run.slice(0, -1)}${a % 10}`;
        if (fs.existsSync(to)) return;
        if (keeps) fs.cpSync(run, to, { recursive: true, preserveTimestamps: true });
        else fs.renameSync(run, to);
      }),
  ),
  fc.tuple(at).map(
    ([a]) =>
      new Act("two runs change places", (real) => {
        const [one, other] = [real.any(a), real.any(a + 1)];
        if (one === undefined || other === undefined || one === other) return;
        fs.renameSync(one, `${one}.aside`);
        fs.renameSync(other, one);
        fs.renameSync(`${one}.aside`, other);
      }),
  ),
  fc.tuple(word).map(
    ([name]) =>
      new Act("a run appears step by step", (real) => {
        const run = join(real.root, "0", `foreign${name}`);
        if (!fs.existsSync(run)) fs.mkdirSync(run);
        else if (!fs.existsSync(join(run, "metrics"))) fs.mkdirSync(join(run, "metrics"));
        else fs.writeFileSync(join(run, "metrics", "loss"), "1 2 3\n");
      }),
  ),
  fc.constant(
    new Act("commit", (real) => {
      git(real.place, "add", "-A", "mlruns");
      git(real.place, "commit", "-q", "--allow-empty", "-m", String(real.commits));
      real.commits += 1;
    }),
  ),
  fc.tuple(at).map(
    ([a]) =>
      new Act("git checkout", (real) => {
        if (real.commits === 0) return;
        git(real.place, "checkout", "-q", "-f", `HEAD~${a % real.commits}`, "--", "mlruns");
      }),
  ),
  fc.constant(new Act("experiment's meta.yaml is gone, or comes back", toggleMeta)),
];

function toggleMeta(real: Real): void {
  const meta = join(real.root, "0", "meta.yaml");
  const aside = join(real.place, "meta-aside");
  if (fs.existsSync(meta)) fs.renameSync(meta, aside);
  else if (fs.existsSync(aside)) fs.renameSync(aside, meta);
}

/** What happens to the index itself: never to be noticed but by the clock. */
const onIndex: fc.Arbitrary<Act>[] = [
  fc.tuple(at, fc.nat(), fc.nat(7)).map(
    ([a, offset, bit]) =>
      new Act("a bit of the index flips", (real) =>
        onIndexFile(real, a, (path) => {
          const bytes = fs.readFileSync(path);
          if (bytes.length === 0) return;
          bytes[offset % bytes.length]! ^= 1 << bit;
          fs.writeFileSync(path, bytes);
        }),
      ),
  ),
  fc
    .tuple(at, fc.nat())
    .map(
      ([a, length]) =>
        new Act("a file of the index is cut", (real) =>
          onIndexFile(real, a, (path) => fs.truncateSync(path, length % (fs.statSync(path).size + 1))),
        ),
    ),
  fc
    .tuple(at)
    .map(
      ([a]) =>
        new Act("a file of the index is deleted", (real) => onIndexFile(real, a, (path) => fs.rmSync(path))),
    ),
  fc.constant(
    new Act("an older index comes back, or is put aside", ({ indexDirectory, place }) => {
      const aside = join(place, "cache-aside");
      if (!fs.existsSync(indexDirectory)) return;
      if (!fs.existsSync(aside)) fs.cpSync(indexDirectory, aside, { recursive: true });
      else {
        fs.rmSync(indexDirectory, { recursive: true });
        fs.renameSync(aside, indexDirectory);
      }
    }),
  ),
];

function onIndexFile(real: Real, a: number, then: (path: string) => void): void {
  if (!fs.existsSync(real.indexDirectory)) return;
  const files = fs
    .readdirSync(real.indexDirectory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  const path = files[a % Math.max(1, files.length)];
  if (path !== undefined) then(path);
}

function locate(real: Real, runId: string): string {
  return real.runs().find((directory) => idOf(directory) === runId) ?? "";
}

function idOf(directory: string): string {
  return directory.slice(directory.lastIndexOf("/") + 1);
}

/** What Runstone refuses in a store that others damage is no matter here. */
async function softly(call: () => Promise<unknown>): Promise<void> {
  await call().catch((error: unknown) => {
    if (!(error instanceof Error) || error.name !== "RunstoneError") throw error;
  });
}

const query = fc
  .tuple(fc.constantFrom<Refresh>("auto", "auto", "auto", "full", "none"), fc.boolean())
  .map(([refresh, anew]) => new Query(refresh, anew));

const commands = fc.commands(
  [
    ...byRunstone,
    ...byRunstone.slice(0, 2),
    ...byOthers,
    ...onIndex,
    query,
    query,
    query,
    query,
    query,
    query,
    query,
  ],
  { maxCommands: full ? 120 : 50, size: "max" },
);

describe("no query returns what the files do not say", () => {
  test("in a small store, ever", () => check({ smallStoreRuns: 2_000, ahead: 0 }));
  test("in a large store, but for what is changed in place in settled runs", () =>
    check({ smallStoreRuns: 0, ahead: 0 }));
  test("where runs settled without a seal, too", () => check({ smallStoreRuns: 0, ahead: 25 * 60 * 60_000 }));
});

async function check(size: Size): Promise<void> {
  const property = fc.asyncProperty(commands, async (sequence) => {
    const real = new Real(size);
    const excused = new Set<string>();
    const model: Model = size.smallStoreRuns > 0 ? { excused: new Unexcused() } : { excused };
    try {
      await fc.asyncModelRun(() => ({ model, real }), sequence);
    } finally {
      for (const writer of real.writers.values()) await softly(() => writer.close());
      real.remove();
    }
  });
  await fc.assert(property, {
    numRuns: full ? 500 : 25,
    seed: newSeed("RUNSTONE_SEED"),
    includeErrorInReport: true,
  });
}

/** In a small store every change is seen. */
class Unexcused extends Set<string> {
  override add(): this {
    return this;
  }
}
