/** What is wrong in a store is named, and hides nothing else. */
import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { findExperiment, listRunLocations, readRun, scanExperiments, scanStore } from "../../core/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import {
  experimentMeta,
  makeStore,
  OTHER_RUN,
  oneRun,
  onlyRun,
  RUN,
  runMeta,
  scanAll,
  type Tree,
} from "./read-fixture.js";

const LF_CONFLICT = "<<<<<<< HEAD\nstatus: 3\n=======\nstatus: 4\n>>>>>>> theirs\n";
const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 5\n`;

/** name of the case -> files added to a store of one run -> damages told */
const CASES: Readonly<Record<string, readonly [Tree, readonly string[]]>> = {
  "a complete store": [{}, []],
  "conflict marks in meta.yaml, params and metrics": [
    {
      "1/RUN/meta.yaml": LF_CONFLICT,
      "1/RUN/params/lr": "<<<<<<< HEAD\n0.1\n=======\n0.2\n>>>>>>> theirs\n",
      "1/RUN/metrics/loss": "1 0.5 0\n<<<<<<< HEAD\n2 0.4 1\n=======\n2 0.3 1\n>>>>>>> theirs\n",
    },
    [
      "merge_conflict 1/RUN/meta.yaml",
      "merge_conflict 1/RUN/metrics/loss",
      "merge_conflict 1/RUN/params/lr",
      "metric_line_malformed 1/RUN/metrics/loss@29",
      "metric_line_malformed 1/RUN/metrics/loss@45",
      "metric_line_malformed 1/RUN/metrics/loss@8",
    ],
  ],
  "malformed lines": [
    { "1/RUN/metrics/loss": "1 0.5 0\n\n2  0.4 1\n3 x 2\n4 0.1 3 a b c\n" },
    [8, 9, 18, 24].map((offset) => `metric_line_malformed 1/RUN/metrics/loss@${offset}`).sort(),
  ],
  "a torn last line": [{ "1/RUN/metrics/loss": "1 0.5 0\n2 0.4" }, ["metric_line_torn 1/RUN/metrics/loss@8"]],
  "empty files": [
    { "1/RUN/metrics/loss": "", "1/RUN/params/none": "", "1/RUN/tags/none": "" },
    ["metric_empty 1/RUN/metrics/loss"],
  ],
  "CR LF in a metric file, and in a value where it is the value": [
    { "1/RUN/metrics/loss": "1 0.5 0\r\n2 0.4 1\r\n", "1/RUN/params/text": "a\r\nb\r\nc" },
    ["metric_crlf 1/RUN/metrics/loss"],
  ],
  "points that stand twice": [
    { "1/RUN/metrics/loss": "1 0.5 0\n1 0.5 0\n2 nan 1\n2 nan 1\n" },
    ["metric_points_repeated 1/RUN/metrics/loss"],
  ],
  "a line feed that an editor added": [
    { "1/RUN/params/lr": "0.1\n", "1/RUN/tags/mlflow.note.content": "two\nlines\n" },
    ["value_ends_in_line_feed 1/RUN/params/lr@3"],
  ],
  "a value that is no UTF-8": [
    { "1/RUN/params/name": Uint8Array.of(0x61, 0xe9, 0x62) },
    ["value_not_utf8 1/RUN/params/name@1"],
  ],
  "Git LFS pointers": [
    { "1/RUN/artifacts/deep/model.pkl": POINTER, "1/RUN/meta.yaml": POINTER },
    ["lfs_pointer 1/RUN/artifacts/deep/model.pkl", "lfs_pointer 1/RUN/meta.yaml"],
  ],
  "copies made by file syncing": [
    {
      "1/RUN/metrics/accuracy": "1 0.5 0\n",
      "1/RUN/metrics/accuracy 2": "1 0.5 0\n",
      "1/RUN/meta 2.yaml": runMeta(RUN, "1"),
      "1/meta (ana's conflicted copy 2025-01-01).yaml": experimentMeta("1", "first"),
      "1/RUN/params/top 5": "a lone name that ends in a number",
    },
    [
      "sync_copy 1/RUN/meta 2.yaml",
      "sync_copy 1/RUN/metrics/accuracy 2",
      "sync_copy 1/meta (ana's conflicted copy 2025-01-01).yaml",
    ],
  ],
  "stray files among the records": [
    {
      "1/RUN/metrics/.gitkeep": "",
      "1/RUN/params/.DS_Store": "x",
      "1/RUN/tags/a~": "x",
      "1/RUN/params/#x#": "x",
      "1/RUN/metrics/.ipynb_checkpoints/loss-checkpoint": "1 1 1\n",
    },
    [
      "key_illegal 1/RUN/params/#x#",
      "stray_entry 1/RUN/metrics/.gitkeep",
      "stray_entry 1/RUN/metrics/.ipynb_checkpoints",
      "stray_entry 1/RUN/params/.DS_Store",
      "stray_entry 1/RUN/tags/a~",
    ],
  ],
  "keys of any script, and such as fall together": [
    {
      "1/RUN/params/größe/日本語": "1",
      "1/RUN/params/LR": "1",
      "1/RUN/params/lr": "2",
      "1/RUN/params/aux": "3",
    },
    ["key_clash 1/RUN/params/lr", "key_not_portable 1/RUN/params/aux"],
  ],
  "a run without meta.yaml, an empty one, and a directory that is none": [
    {
      [`1/${OTHER_RUN}/artifacts/model.bin`]: "x",
      "1/11111111111111111111111111111111/meta.yaml": "\n",
      "1/11111111111111111111111111111111/params/lr": "0.1",
      "1/.ipynb_checkpoints/meta-checkpoint.yaml": "x",
      "1/notes/readme.md": "x",
    },
    [
      "run_lacks_a_required_directory 1/11111111111111111111111111111111",
      "run_meta_empty 1/11111111111111111111111111111111/meta.yaml@0",
      `run_without_meta 1/${OTHER_RUN}`,
      "unknown_directory_in_experiment 1/.ipynb_checkpoints",
      "unknown_directory_in_experiment 1/notes",
    ],
  ],
  "experiments: without meta.yaml, damaged, incomplete, in the wrong place": [
    {
      [`2/${OTHER_RUN}/meta.yaml`]: runMeta(OTHER_RUN, "2"),
      [`2/${OTHER_RUN}/metrics/`]: "",
      [`2/${OTHER_RUN}/params/`]: "",
      [`2/${OTHER_RUN}/artifacts/`]: "",
      "3/meta.yaml": "name: 'unfinished\n",
      "4/meta.yaml": "experiment_id: '4'\n",
      "5/meta.yaml": experimentMeta("55", "renamed"),
      ".trash/6/meta.yaml": experimentMeta("6", "sixth"),
      ".trash/1/meta.yaml": experimentMeta("1", "first").replace("active", "deleted"),
      "7/meta.yaml": experimentMeta("7", "seventh").replace("active", "deleted"),
      "8/": "",
    },
    [
      "experiment_id_mismatch 5/meta.yaml",
      "experiment_id_twice .trash/1",
      "experiment_in_trash_says_active .trash/6",
      "experiment_meta_damaged 3/meta.yaml@6",
      "experiment_meta_incomplete 4/meta.yaml",
      "experiment_name_twice .trash/1",
      "experiment_outside_trash_says_deleted 7",
      "experiment_without_meta 2",
      "experiment_without_meta 8",
    ],
  ],
  "foreign things in the root": [
    {
      "README.md": "x",
      "mlruns/0/meta.yaml": experimentMeta("0", "Default"),
      "plots/a.png": "x",
      ".git/HEAD": "x",
      ".runstone-new.trash/1-a/x": "x",
    },
    [
      "another_mlruns_inside mlruns",
      "leftover_temporary .runstone-new.trash",
      "unknown_directory_in_root .git",
      "unknown_directory_in_root plots",
      "unknown_file_in_root README.md",
    ],
  ],
  "foreign and left-over things in a run": [
    {
      "1/RUN/notes.txt": "x",
      "1/RUN/.runstone-tmp-1-0123456789abcdef": "x",
      "1/RUN/torn/loss": "x",
      "1/RUN/.gitignore": "*",
    },
    ["leftover_temporary 1/RUN/.runstone-tmp-1-0123456789abcdef", "unknown_file_in_run 1/RUN/notes.txt"],
  ],
  "ids that meta.yaml and the directory do not share": [
    { "1/RUN/meta.yaml": runMeta(OTHER_RUN, "9") },
    ["run_experiment_mismatch 1/RUN/meta.yaml", "run_id_mismatch 1/RUN/meta.yaml"],
  ],
  "a run that lies in two experiments": [
    {
      [`0/${RUN}/meta.yaml`]: runMeta(RUN, "0"),
      [`0/${RUN}/metrics/`]: "",
      [`0/${RUN}/params/`]: "",
      [`0/${RUN}/artifacts/`]: "",
    },
    ["run_id_twice 1/RUN"],
  ],
  "inputs, outputs, datasets, models and traces": [
    {
      "1/RUN/inputs/a/meta.yaml": "source_id: ce0d\nsource_type: DATASET\n",
      "1/RUN/inputs/b/meta.yaml": "source_type: [\n",
      "1/RUN/inputs/c/": "",
      "1/RUN/outputs/m-1/meta.yaml": "destination_id: m-1\n",
      "1/datasets/dddd/meta.yaml": "name: only\n",
      "1/models/m-2/meta.yaml": "model_id: m-2\n",
      "1/models/m-3/": "",
      "1/traces/tr-1/": "",
    },
    [
      "dataset_meta_damaged 1/datasets/dddd/meta.yaml@0",
      "dataset_missing 1/RUN/inputs/a",
      "input_meta_damaged 1/RUN/inputs/b/meta.yaml@13",
      "input_meta_damaged 1/RUN/inputs/c",
      "logged_model_meta_damaged 1/models/m-2/meta.yaml@0",
      "logged_model_missing 1/RUN/outputs/m-1",
      "logged_model_without_meta 1/models/m-3",
      "trace_info_damaged 1/traces/tr-1",
    ],
  ],
  "the registry": [
    {
      "models/ok/meta.yaml": "name: ok\n",
      "models/ok/aliases/champion": "2",
      "models/ok/aliases/edited": "1\n",
      "models/ok/aliases/broken": "one",
      "models/ok/version-1/meta.yaml":
        "creation_timestamp: 1\nname: ok\nrun_id: your_run_id_here\nversion: 1\n",
      "models/ok/version-3/": "",
      "models/bad/meta.yaml": "{",
      "models/none/": "",
      [`models/${OTHER_RUN}/artifacts/x`]: "x",
      "models/meta.yaml": experimentMeta("models", "models"),
    },
    [
      "alias_damaged models/ok/aliases/broken",
      "alias_damaged models/ok/aliases/edited",
      "alias_version_missing models/ok/aliases/champion",
      "experiment_in_registry models/meta.yaml",
      "model_version_run_missing models/ok/version-1",
      "model_version_without_meta models/ok/version-3",
      "registered_model_meta_damaged models/bad/meta.yaml@0",
      "registered_model_without_meta models/none",
      `run_without_meta models/${OTHER_RUN}`,
    ],
  ],
  "the journal of a fold, and links": [
    {
      "1/RUN/metrics/loss": "1 0.5 0\n",
      "1/RUN/links.jsonl": '{"key":"loss","timestamp":1,"value":0.5,"step":0,"model_id":"m-1"}\nnonsense\n',
      "1/RUN/writers/fold.jsonl": "nonsense",
    },
    ["fold_damaged 1/RUN/writers/fold.jsonl", "point_link_malformed 1/RUN/links.jsonl@67"],
  ],
};

describe("damage is named", () => {
  for (const [name, [files, expected]] of Object.entries(CASES)) {
    test(name, (context) => {
      const { told } = scanAll(makeStore(context, oneRun(files)));
      assert.deepEqual(told, [...expected].sort());
    });
  }
});

test("a store without experiment 0 says so", (context) => {
  assert.deepEqual(scanAll(makeStore(context, { "1/meta.yaml": experimentMeta("1", "first") })).told, [
    "no_default_experiment .",
  ]);
});

test("damage of one run hides no other run, and none of its own records in the walk", (context) => {
  const paths = makeStore(context, {
    ...oneRun({ "1/RUN/meta.yaml": "", "1/RUN/params/lr": "0.1", "1/RUN/metrics/loss": "1 2 3\n" }),
    [`1/${OTHER_RUN}/meta.yaml`]: runMeta(OTHER_RUN, "1"),
  });
  const { items } = scanAll(paths);
  assert.deepEqual(
    items.filter(({ kind }) => kind === "run").map((item) => ("location" in item ? item.location.path : "")),
    [`1/${OTHER_RUN}`],
  );
  assert.equal(items.filter(({ kind }) => kind === "param").length, 1);
  assert.equal(items.filter(({ kind }) => kind === "points").length, 1);
  const [broken] = [...listRunLocations(paths)].filter(({ runId }) => runId === RUN);
  assert.ok(broken !== undefined);
  assert.throws(
    () => readRun(broken, () => {}),
    (error) => isRunstoneError(error, "DAMAGED") && error.data.path === `1/${RUN}/meta.yaml`,
  );
});

test("runs of an experiment without meta.yaml are orphans that can be read", (context) => {
  const { "1/meta.yaml": _, ...tree } = oneRun({ "1/RUN/params/lr": "0.1" });
  const paths = makeStore(context, tree);
  const run = onlyRun(paths);
  assert.equal(run.orphan, true);
  assert.deepEqual({ ...readRun(run, () => {}).params }, { lr: "0.1" });
  assert.deepEqual(
    scanExperiments(paths, () => {}).map(({ experimentId }) => experimentId),
    ["0"],
  );
  assert.equal(findExperiment(paths, "1")?.orphan, true);
});

test("links are told and not followed", (context) => {
  const paths = makeStore(context, oneRun({ "1/RUN/params/lr": "0.1" }));
  symlinkSync("/etc/hostname", join(paths.root, "1", RUN, "params", "secret"));
  symlinkSync("/etc", join(paths.root, "1", RUN, "tags", "etc"));
  symlinkSync(join(paths.root, "1"), join(paths.root, "9"));
  symlinkSync("/etc/hostname", join(paths.root, "1", RUN, "artifacts", "out"));
  const { told, items } = scanAll(paths);
  assert.deepEqual(told, [
    "not_a_regular_file 1/RUN/artifacts/out",
    "not_a_regular_file 1/RUN/params/secret",
    "not_a_regular_file 1/RUN/tags/etc",
    "not_a_regular_file 9",
  ]);
  assert.equal(items.filter(({ kind }) => kind === "param" || kind === "tag").length, 1);
});

test("a root that is not there is no empty store", (context) => {
  const { root } = makeStore(context, { file: "x" });
  for (const missing of [join(root, "nowhere"), join(root, "file")]) {
    const paths = { root: missing, workspace: null };
    assert.throws(
      () => scanExperiments(paths, () => {}),
      (error) => isRunstoneError(error, "NOT_A_STORE"),
    );
    assert.throws(
      () => scanStore(paths, () => {}).next(),
      (error) => isRunstoneError(error, "NOT_A_STORE"),
    );
  }
});
