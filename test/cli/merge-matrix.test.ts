/**
 * Two branches change every kind of record file, real Git brings them together in every way it has: no value is lost, no file
 * is broken (R-git-4). With our drivers nothing is left to do by hand where the records allow it; without them Git says what is.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { installMergeDrivers, openRepository, removeMergeDrivers } from "../../core/git/index.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import {
  parseExperimentMeta,
  parseMetricFile,
  parseRunMeta,
  serializeLink,
  serializePoint,
  serializeRunMeta,
} from "../../store-format/index.js";
import { GIT_ENV, TestRepository } from "../helpers/git-repository.js";

const BINARY = resolve("dist/bin/runstone.js");
const RUN = "fc24143f50cd6e1afba1955b22cd52a6";
const EXPERIMENT = "188651277052019879";

interface Place {
  readonly git: TestRepository;
  /** The store, relative to the work tree. */
  readonly store: string;
}

async function newPlace(t: TestContext, drivers: boolean, store = "mlruns"): Promise<Place> {
  const git = TestRepository.create();
  t.after(() => git.remove());
  initWorkspace(git.root, store);
  if (drivers) {
    const repository = await openRepository({ cwd: git.root, env: GIT_ENV });
    const command = [process.execPath, BINARY];
    assert.equal(
      await installMergeDrivers({ repository, root: join(git.root, store), command }),
      "installed",
    );
  }
  return { git, store };
}

const point = (step: number, value = step / 4): string =>
  serializePoint({ timestamp: 1000 + step, value, step });
const link = (step: number): string =>
  serializeLink({ key: "loss", timestamp: 1000 + step, value: step / 4, step, modelId: `m-${step}` });
const META = {
  runId: RUN,
  experimentId: EXPERIMENT,
  runName: "otter",
  userId: "ana",
  status: "FINISHED",
  startTime: 1,
  endTime: 5,
  deletedTime: null,
  lifecycleStage: "active",
  artifactUri: "./mlruns/a",
} as const;
const experimentMeta = (change: { name?: string; created?: number; updated?: number } = {}): string =>
  `artifact_location: ./mlruns/x\ncreation_time: ${change.created ?? 1}\nexperiment_id: '${EXPERIMENT}'\n` +
  `last_update_time: ${change.updated ?? 1}\nlifecycle_stage: active\nname: ${change.name ?? "credit"}\n`;
const registered = (description: string, updated: number): string =>
  `aliases: {}\ncreation_timestamp: 1\ndescription: ${description}\nlast_updated_timestamp: ${updated}\nname: parser\n`;

type Files = Readonly<Record<string, string>>;
const inRun = (files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([path, text]) => [`${EXPERIMENT}/${RUN}/${path}`, text]));

/** What the branches begin with, what each makes of it, and what is to come out: no conflict where our drivers are at work. */
const BASE: Files = {
  [`${EXPERIMENT}/meta.yaml`]: experimentMeta(),
  "models/parser/meta.yaml": registered("one", 1),
  "models/parser/aliases/champion": "1",
  ...inRun({
    "meta.yaml": serializeRunMeta(META),
    "metrics/loss": point(1) + point(2),
    "links.jsonl": link(1),
    "params/lr": "0.1",
    "tags/team": "a",
    "tags/runstone.attempts": "1",
    "artifacts/metrics/report.txt": "one\ntwo\nthree\n",
  }),
};
const OURS: Files = {
  [`${EXPERIMENT}/meta.yaml`]: experimentMeta({ name: "credit-risk", updated: 7 }),
  "models/parser/meta.yaml": registered("two", 3),
  ...inRun({
    "meta.yaml": serializeRunMeta({ ...META, runName: "heron" }),
    "metrics/loss": point(1) + point(2) + point(3),
    "links.jsonl": link(1) + link(3),
    "tags/runstone.attempts": "2",
    "tags/ours": "1",
  }),
};
const THEIRS: Files = {
  [`${EXPERIMENT}/meta.yaml`]: experimentMeta({ updated: 9 }),
  "models/parser/meta.yaml": registered("one", 4),
  ...inRun({
    "meta.yaml": serializeRunMeta({ ...META, status: "FAILED", endTime: 9 }),
    "metrics/loss": point(1) + point(2) + point(4) + point(5),
    "links.jsonl": link(1) + link(4),
    "tags/runstone.attempts": "3",
    "tags/theirs": "2",
  }),
};

function commit({ git, store }: Place, files: Files, message: string): void {
  for (const [path, text] of Object.entries(files)) git.write(`${store}/${path}`, text);
  git.git("add", "-A", ".");
  git.git("commit", "-qm", message);
}

/** On `main` with `ours`; `theirs` is the other branch. */
function branches(place: Place, sides: { base: Files; ours: Files; theirs: Files }): void {
  commit(place, sides.base, "base");
  place.git.git("checkout", "-qb", "theirs");
  commit(place, sides.theirs, "theirs");
  place.git.git("checkout", "-q", "main");
  commit(place, sides.ours, "ours");
}

function read({ git, store }: Place, path: string): Buffer {
  return readFileSync(join(git.root, store, path));
}

function steps(place: Place): string[] {
  const { points, problemCount } = parseMetricFile(read(place, `${EXPERIMENT}/${RUN}/metrics/loss`), "run");
  assert.equal(problemCount, 0);
  return points.map(({ step }) => String(step)).sort();
}

function unmerged({ git }: Place): string[] {
  const lines = git.git("diff", "--name-only", "--diff-filter=U");
  return lines === "" ? [] : lines.split("\n");
}

function assertMerged(place: Place): void {
  assert.deepEqual(unmerged(place), []);
  assert.deepEqual(steps(place), ["1", "2", "3", "4", "5"]);
  const meta = parseRunMeta(read(place, `${EXPERIMENT}/${RUN}/meta.yaml`));
  assert.deepEqual([meta.runName, meta.status, meta.endTime], ["heron", "FAILED", 9]);
  const experiment = parseExperimentMeta(read(place, `${EXPERIMENT}/meta.yaml`));
  assert.deepEqual([experiment.name, experiment.lastUpdateTime], ["credit-risk", 9]);
  const links = read(place, `${EXPERIMENT}/${RUN}/links.jsonl`).toString("utf8");
  assert.deepEqual(links.split("\n").sort(), ["", ...[1, 3, 4].map((step) => link(step).trimEnd())].sort());
  assert.equal(read(place, `${EXPERIMENT}/${RUN}/tags/runstone.attempts`).toString("utf8"), "3");
  for (const name of ["ours", "theirs"])
    assert.ok(existsSync(join(place.git.root, place.store, EXPERIMENT, RUN, "tags", name)));
  assert.match(
    read(place, "models/parser/meta.yaml").toString("utf8"),
    /description: two\nlast_updated_timestamp: 4\n/,
  );
}

const SIDES = { base: BASE, ours: OURS, theirs: THEIRS };

describe("with our drivers", () => {
  for (const [way, bring] of Object.entries({
    merge: ({ git }: Place) => git.git("merge", "-q", "--no-edit", "theirs"),
    "cherry-pick": ({ git }: Place) => git.git("cherry-pick", "theirs"),
    rebase: ({ git }: Place) => git.git("rebase", "-q", "theirs"),
  }))
    test(`${way}: every kind of record is merged`, async (t) => {
      const place = await newPlace(t, true, way === "merge" ? "my runs/[a]" : "mlruns");
      branches(place, SIDES);
      bring(place);
      assertMerged(place);
    });

  test("what both changed differently is told; the files hold ours, and Git keeps the other value", async (t) => {
    const place = await newPlace(t, true);
    const both = (value: string, name: string): Files => ({
      "models/parser/aliases/champion": value,
      ...inRun({
        "params/momentum": `0.${value}`,
        "tags/team": `team ${value}`,
        "meta.yaml": serializeRunMeta({ ...META, runName: name }),
        "artifacts/metrics/report.txt": `one\n${value}\nthree\n`,
      }),
    });
    branches(place, { base: BASE, ours: both("2", "heron"), theirs: both("3", "lynx") });
    place.git.tryGit("merge", "-q", "--no-edit", "theirs");
    const run = `mlruns/${EXPERIMENT}/${RUN}`;
    assert.deepEqual(unmerged(place), [
      `${run}/artifacts/metrics/report.txt`,
      `${run}/meta.yaml`,
      `${run}/params/momentum`,
      `${run}/tags/team`,
      "mlruns/models/parser/aliases/champion",
    ]);
    assert.equal(parseRunMeta(read(place, `${EXPERIMENT}/${RUN}/meta.yaml`)).runName, "heron");
    for (const [path, ours, theirs] of [
      ["params/momentum", "0.2", "0.3"],
      ["tags/team", "team 2", "team 3"],
    ] as const) {
      assert.equal(read(place, `${EXPERIMENT}/${RUN}/${path}`).toString("utf8"), ours);
      assert.equal(place.git.git("show", `:3:${run}/${path}`), theirs);
    }
    // An artifact is a file like any other: Git's own marks.
    assert.match(
      read(place, `${EXPERIMENT}/${RUN}/artifacts/metrics/report.txt`).toString("utf8"),
      /^<<<<<<< /m,
    );
  });
});

describe("without our drivers", () => {
  for (const way of ["merge", "cherry-pick", "rebase"])
    test(`${way}: points are united, nothing is marked inside a file, Git names the rest`, async (t) => {
      const place = await newPlace(t, false);
      branches(place, SIDES);
      place.git.tryGit(...(way === "merge" ? ["merge", "-q", "--no-edit", "theirs"] : [way, "theirs"]));
      assert.deepEqual(steps(place), ["1", "2", "3", "4", "5"]);
      const run = `mlruns/${EXPERIMENT}/${RUN}`;
      assert.deepEqual(unmerged(place), [
        `${run}/meta.yaml`,
        `${run}/tags/runstone.attempts`,
        `mlruns/${EXPERIMENT}/meta.yaml`,
        "mlruns/models/parser/meta.yaml",
      ]);
      for (const path of [`${EXPERIMENT}/meta.yaml`, `${EXPERIMENT}/${RUN}/meta.yaml`])
        assert.doesNotMatch(read(place, path).toString("utf8"), /^[<=>]{7}/m);
      parseRunMeta(read(place, `${EXPERIMENT}/${RUN}/meta.yaml`));
    });
});

test("octopus: branches with runs of their own come together; one that Git cannot merge by lines is refused whole", async (t) => {
  const place = await newPlace(t, true);
  commit(place, BASE, "base");
  const other = (name: string): Files => ({
    [`${EXPERIMENT}/${name.repeat(32)}/meta.yaml`]: serializeRunMeta({ ...META, runId: name.repeat(32) }),
    [`${EXPERIMENT}/${name.repeat(32)}/metrics/loss`]: point(1),
  });
  for (const name of ["a", "b", "d"]) {
    place.git.git("checkout", "-qb", name, "main");
    commit(place, other(name), name);
  }
  place.git.git("checkout", "-q", "main");
  commit(place, OURS, "ours");
  place.git.git("merge", "-q", "--no-edit", "a", "b");
  for (const path of Object.keys({ ...other("a"), ...other("b") })) assert.ok(read(place, path).length > 0);
  place.git.git("checkout", "-qb", "c", "a");
  commit(place, THEIRS, "c");
  place.git.git("checkout", "-q", "main");
  place.git.tryGit("merge", "-q", "--no-edit", "d", "c");
  place.git.git("reset", "-q", "--merge");
  assert.deepEqual(steps(place), ["1", "2", "3"]);
});

describe("the drivers of a clone", () => {
  const attributes = ({ git }: Place): string => readFileSync(join(git.root, ".git/info/attributes"), "utf8");

  test("lines and settings of others stay; repeating changes nothing; removing takes away what was added", async (t) => {
    const place = await newPlace(t, false, "ünï runs");
    place.git.write(".git/info/attributes", "*.bin merge=mine");
    place.git.git("config", "merge.mine.driver", "true");
    const config = readFileSync(join(place.git.root, ".git/config"), "utf8");
    const repository = await openRepository({ cwd: place.git.root, env: GIT_ENV });
    const drivers = { repository, root: join(place.git.root, place.store) };
    const command = ["/opt/it's 100%/node", "/opt/runstone.js"];
    assert.equal(await installMergeDrivers({ ...drivers, command }), "installed");
    const written = attributes(place);
    assert.equal(await installMergeDrivers({ ...drivers, command }), "there_already");
    assert.equal(attributes(place), written);
    assert.match(written, /^\*\.bin merge=mine\n# runstone begin: "ünï runs"\n/);
    assert.equal(
      place.git.git("config", "merge.runstone.driver"),
      `'/opt/it'\\''s 100%%/node' /opt/runstone.js merge-file -- %O %A %B %P`,
    );
    const asked = (path: string): string => place.git.git("check-attr", "merge", "--", `ünï runs/${path}`);
    for (const path of Object.keys(BASE))
      assert.match(asked(path), path.includes("/artifacts/") ? /unspecified$/ : /runstone$/, path);
    await removeMergeDrivers(drivers);
    assert.equal(attributes(place), "*.bin merge=mine\n");
    assert.equal(readFileSync(join(place.git.root, ".git/config"), "utf8"), config);
  });

  test("a linked work tree shares them; a repository that ignores the runs is left alone", async (t) => {
    const place = await newPlace(t, false);
    commit(place, BASE, "base");
    place.git.git("worktree", "add", "-q", "linked");
    const linked = join(place.git.root, "linked");
    const repository = await openRepository({ cwd: linked, env: GIT_ENV });
    await installMergeDrivers({ repository, root: join(linked, "mlruns"), command: ["runstone"] });
    assert.match(attributes(place), /^\/mlruns\/\*\/\*\/metrics\/\*\* merge=runstone$/m);
    const other = await newPlace(t, false);
    other.git.write(".gitignore", "/mlruns\n");
    const ignoring = await openRepository({ cwd: other.git.root, env: GIT_ENV });
    const root = join(other.git.root, "mlruns");
    assert.equal(
      await installMergeDrivers({ repository: ignoring, root, command: ["runstone"] }),
      "not_committed",
    );
    assert.ok(!existsSync(join(other.git.root, ".git/info/attributes")));
  });
});
