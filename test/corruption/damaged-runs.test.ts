/** A store where every tenth run is damaged in another way: the others are found whole, each damage is counted and named. */
import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openRunTable } from "../../core/index/open-run-table.js";
import type { RunRecord } from "../../core/search/run-record.js";
import type { RunTable } from "../../core/search/run-table.js";
import { scanRunTable } from "../../core/search/scan-run-table.js";
import { searchRunTable } from "../../core/search/search-runs.js";
import type { StoreContext } from "../../core/store/context.js";
import type { Damage } from "../../store-format/index.js";
import { contextOf } from "../helpers/new-store.js";
import { experimentMeta, makeStore, runMeta, type Tree } from "../unit/read-fixture.js";

interface Harm {
  /** Does it to the directory of a run. */
  readonly to: (run: string, runId: string) => void;
  /** Whether meta.yaml still has its meaning. */
  readonly listed: "FINISHED" | "DAMAGED";
  /** The kind of each damage that is no note, with the path inside the run. */
  readonly told: readonly string[];
}

const CONFLICT = "<<<<<<< HEAD\nstatus: 3\n=======\nstatus: 4\n>>>>>>> theirs\n";
const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 5\n`;
const GARBAGE = Uint8Array.from({ length: 4096 }, (_, index) => (index * 7919 + (index >> 3)) & 255);

const put = (path: string, content: string | Uint8Array) => (run: string) =>
  writeFileSync(join(run, path), content);
const drop = (path: string) => (run: string) => rmSync(join(run, path), { recursive: true });
const folder = (path: string) => (run: string) => {
  rmSync(join(run, path), { recursive: true, force: true });
  mkdirSync(join(run, path));
};
const link = (path: string, target: string) => (run: string) => {
  rmSync(join(run, path), { recursive: true, force: true });
  symlinkSync(target, join(run, path));
};
const fileAt = (path: string) => (run: string) => {
  rmSync(join(run, path), { recursive: true });
  writeFileSync(join(run, path), "not a directory");
};

const HARMS: Readonly<Record<string, Harm>> = {
  "meta.yaml cut off": {
    to: (run) => truncateSync(join(run, "meta.yaml"), 70),
    listed: "DAMAGED",
    told: ["run_meta_damaged meta.yaml"],
  },
  "meta.yaml empty": {
    to: (run) => {
      writeFileSync(join(run, "meta.yaml"), "");
      utimesSync(join(run, "meta.yaml"), 0, 0); // a young one might be in the middle of being written
    },
    listed: "DAMAGED",
    told: ["run_meta_empty meta.yaml"],
  },
  "meta.yaml missing": { to: drop("meta.yaml"), listed: "DAMAGED", told: ["run_without_meta "] },
  "meta.yaml with the marks of a merge": {
    to: put("meta.yaml", CONFLICT),
    listed: "DAMAGED",
    told: ["merge_conflict meta.yaml"],
  },
  "meta.yaml of garbage": {
    to: put("meta.yaml", GARBAGE),
    listed: "DAMAGED",
    told: ["run_meta_damaged meta.yaml"],
  },
  "meta.yaml of zeroes": {
    to: put("meta.yaml", new Uint8Array(400)),
    listed: "DAMAGED",
    told: ["run_meta_damaged meta.yaml"],
  },
  "meta.yaml a directory": {
    to: folder("meta.yaml"),
    listed: "DAMAGED",
    told: ["file_unreadable meta.yaml"],
  },
  "meta.yaml a link to itself": {
    to: link("meta.yaml", "meta.yaml"),
    listed: "DAMAGED",
    told: ["file_unreadable meta.yaml"],
  },
  "meta.yaml a Git LFS pointer": {
    to: put("meta.yaml", POINTER),
    listed: "DAMAGED",
    told: ["lfs_pointer meta.yaml"],
  },
  "meta.yaml a list": {
    to: put("meta.yaml", "- a\n- b\n"),
    listed: "DAMAGED",
    told: ["run_meta_damaged meta.yaml"],
  },
  "meta.yaml of another run": {
    to: put("meta.yaml", runMeta("ff".repeat(16), "1")),
    listed: "FINISHED",
    told: ["run_id_mismatch meta.yaml"],
  },
  "meta.yaml of another experiment": {
    to: (run, runId) => writeFileSync(join(run, "meta.yaml"), runMeta(runId, "2")),
    listed: "FINISHED",
    told: ["run_experiment_mismatch meta.yaml"],
  },
  "meta.yaml without a status that is one": {
    to: (run, runId) => writeFileSync(join(run, "meta.yaml"), runMeta(runId, "1", { status: "77" })),
    listed: "DAMAGED",
    told: ["run_meta_damaged meta.yaml"],
  },
  "params a file": { to: fileAt("params"), listed: "FINISHED", told: ["file_unreadable params"] },
  "tags a file": { to: fileAt("tags"), listed: "FINISHED", told: ["file_unreadable tags"] },
  "metrics a file": { to: fileAt("metrics"), listed: "FINISHED", told: ["file_unreadable metrics"] },
  "params a link to itself": {
    to: link("params", "params"),
    listed: "FINISHED",
    told: ["file_unreadable params"],
  },
  "inputs a file": { to: put("inputs", ""), listed: "FINISHED", told: ["file_unreadable inputs"] },
  "a metric of garbage": { to: put("metrics/loss", GARBAGE), listed: "FINISHED", told: ["* metrics/loss"] },
  "a metric torn": {
    to: put("metrics/loss", "1 0.5 0\n2 0.4"),
    listed: "FINISHED",
    told: ["metric_line_torn metrics/loss"],
  },
  "a metric with the marks of a merge": {
    to: put("metrics/loss", "1 0.5 0\n<<<<<<< HEAD\n2 0.4 1\n=======\n2 0.3 1\n>>>>>>> theirs\n"),
    listed: "FINISHED",
    told: ["* metrics/loss"],
  },
  "a param with the marks of a merge": {
    to: put("params/lr", CONFLICT),
    listed: "FINISHED",
    told: ["merge_conflict params/lr"],
  },
  "a tag a Git LFS pointer": {
    to: put("tags/team", POINTER),
    listed: "FINISHED",
    told: ["lfs_pointer tags/team"],
  },
  "an input without its dataset": {
    to: (run) => {
      mkdirSync(join(run, "inputs", "a"), { recursive: true });
      writeFileSync(join(run, "inputs", "a", "meta.yaml"), "source_id: ce0d\nsource_type: DATASET\n");
    },
    listed: "FINISHED",
    told: ["dataset_missing inputs/a"],
  },
  "an input that is no YAML": {
    to: (run) => {
      mkdirSync(join(run, "inputs", "b"), { recursive: true });
      writeFileSync(join(run, "inputs", "b", "meta.yaml"), "source_type: [\n");
    },
    listed: "FINISHED",
    told: ["input_meta_damaged inputs/b/meta.yaml"],
  },
};

const EXPERIMENT = "1";
const names = Object.keys(HARMS);
const runIds = Array.from({ length: names.length * 10 }, (_, index) => index.toString(16).padStart(32, "0"));

test("every run is found and every damage named, by a scan and by the index", (t) => {
  const context = damagedStore(t);
  assertFound((onDamage) => scanRunTable(context, { onDamage }));
  assertFound((onDamage) => openRunTable(context, { onDamage }));
  assertFound((onDamage) => openRunTable(context, { onDamage, refresh: "full" }));
  assertFound(() => openRunTable({ ...context }));
});

test("searches list the damaged as damaged, and everything else as ever", (t) => {
  const table = openRunTable(damagedStore(t));
  const found = (filter: string) =>
    searchRunTable(table, { filter, dialect: "runstone", now: 0 }).rows.map((row) => table.runAt(row).runId);
  assert.deepEqual(found("").sort(), runIds);
  const damaged = runIds.filter((_, index) => HARMS[names[index / 10] ?? ""]?.listed === "DAMAGED");
  assert.deepEqual(found("status = 'DAMAGED'").sort(), damaged);
  const whole = runIds.filter((_, index) => index % 10 !== 0);
  const sound = "status = FINISHED AND metrics.loss >= 0 AND params.lr >= 0 AND tags.team = 'nlp'";
  assert.deepEqual(
    whole.filter((runId) => !found(sound).includes(runId)),
    [],
  );
});

function damagedStore(t: TestContext): StoreContext {
  const tree: Record<string, string> = { "0/meta.yaml": experimentMeta("0", "Default") };
  tree[`${EXPERIMENT}/meta.yaml`] = experimentMeta(EXPERIMENT, "first");
  for (const [index, runId] of runIds.entries()) Object.assign(tree, runTree(runId, index));
  const { root } = makeStore(t, tree);
  names.forEach((name, index) => {
    const runId = runIds[index * 10] ?? "";
    HARMS[name]?.to(join(root, EXPERIMENT, runId), runId);
  });
  return contextOf(root, { index: { location: "auto", directory: join(root, "..", "cache") } });
}

function runTree(runId: string, index: number): Tree {
  const run = `${EXPERIMENT}/${runId}`;
  return {
    [`${run}/meta.yaml`]: runMeta(runId, EXPERIMENT, { run_name: `run-${index}` }),
    [`${run}/metrics/loss`]: `1748764900000 ${index}.5 0\n`,
    [`${run}/params/lr`]: `${index}`,
    [`${run}/tags/team`]: "nlp",
    [`${run}/artifacts/`]: "",
  };
}

function assertFound(open: (onDamage: (damage: Damage) => void) => RunTable): void {
  const damages: Damage[] = [];
  const table = open((damage) => damages.push(damage));
  const found = Array.from({ length: table.rowCount }, (_, row) => table.runAt(row));
  assert.deepEqual(found.map(({ runId }) => runId).sort(), runIds);
  for (const [index, runId] of runIds.entries()) {
    const run = found.find((one) => one.runId === runId);
    assert.ok(run);
    if (index % 10 === 0) assertHarmed(run, names[index / 10] ?? "", table);
    else assertWhole(run, index);
  }
  if (damages.length > 0) assertTold(damages);
}

function assertHarmed(run: RunRecord, name: string, table: RunTable): void {
  const harm = HARMS[name];
  const state = table.column({ entity: "attribute", key: "state" });
  assert.ok(harm !== undefined && state?.kind === "text");
  const row = table.rowOf(run.runId) ?? -1;
  assert.equal(state.texts[(state.codes[row] ?? 0) - 1], harm.listed, name);
  assert.equal(run.info === null, harm.listed === "DAMAGED", name);
  assert.notEqual(run.damage, null, name);
  assert.ok(run.damageCount > 0, name);
  assert.ok(
    harm.told.includes(kindAndPath(run.damage as Damage, harm)),
    `${name}: ${JSON.stringify(run.damage)}`,
  );
}

function assertWhole(run: RunRecord, index: number): void {
  assert.equal(run.damage, null);
  assert.equal(run.damageCount, 0);
  assert.equal(run.info?.runName, `run-${index}`);
  assert.equal(run.metrics["loss"]?.last.value, index + 0.5);
  assert.equal(run.params["lr"], `${index}`);
  assert.equal(run.tags["team"], "nlp");
}

/** Each damage is told, with the run it is in, and none in a run that is whole. */
function assertTold(damages: readonly Damage[]): void {
  const told = damages.filter(({ severity }) => severity !== "note");
  names.forEach((name, index) => {
    const runId = runIds[index * 10] ?? "";
    const harm = HARMS[name];
    const ofRun = told.filter(({ path }) => path.startsWith(`${EXPERIMENT}/${runId}`));
    const kinds = new Set(ofRun.map((damage) => kindAndPath(damage, harm)));
    assert.deepEqual([...kinds].sort(), [...(harm?.told ?? [])].sort(), name);
  });
  const harmed = new Set(names.map((_, index) => `${EXPERIMENT}/${runIds[index * 10]}`));
  for (const { path } of told) assert.ok(harmed.has(path.split("/").slice(0, 2).join("/")), path);
}

function kindAndPath({ kind, path }: Damage, harm: Harm | undefined): string {
  const inside = path.split("/").slice(2).join("/");
  return harm?.told.includes(`* ${inside}`) ? `* ${inside}` : `${kind} ${inside}`;
}
