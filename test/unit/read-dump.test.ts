/** The dump: every kind of object, numbers that JSON has not, bytes that are no text, and the documented fields. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { DUMP_KINDS, type DumpObject, dumpStore, serializeDumpObject } from "../../core/index.js";
import { experimentMeta, makeStore, OTHER_RUN, oneRun, RUN, runMeta, type Tree } from "./read-fixture.js";

const EVERYTHING: Tree = {
  "1/RUN/params/lr": "0.1",
  "1/RUN/params/raw": Uint8Array.of(0xff, 0x00),
  "1/RUN/tags/mlflow.user": "ana",
  "1/RUN/metrics/loss": "1748764900123456789 nan 9007199254740993\n2 -inf -3\n3 inf 0\n4 -0.0 1\n5 0.1 2\n",
  "1/RUN/links.jsonl":
    '{"key":"loss","timestamp":5,"value":0.1,"step":2,"dataset":{"name":"d","digest":"5f"},"model_id":"m-1"}\n',
  "1/RUN/inputs/a/meta.yaml":
    "source_id: ce0d\nsource_type: DATASET\ntags:\n  mlflow.data.context: training\n",
  "1/RUN/outputs/m-1/meta.yaml": "destination_id: m-1\nstep: 10\n",
  "1/tags/note": "experiment's",
  "1/datasets/ce0d/meta.yaml":
    "digest: 5f\nname: d\nprofile: null\nschema: null\nsource: s\nsource_type: local\n",
  "1/models/m-1/meta.yaml": "creation_timestamp: 1\nexperiment_id: '1'\nmodel_id: m-1\nname: p\nstatus: 2\n",
  "1/models/m-1/metrics/f1": "1 0.5 0 r\n",
  "1/models/m-1/params/depth": "3",
  "1/models/m-1/tags/raw": Uint8Array.of(0xff),
  "1/traces/tr-1/trace_info.yaml": "state: OK\ntrace_id: tr-1\n",
  "1/traces/tr-1/request_metadata/k": "v",
  "models/parser/meta.yaml": "name: parser\n",
  "models/parser/tags/team": "nlp",
  "models/parser/aliases/champion": "1",
  "models/parser/version-1/meta.yaml": `creation_timestamp: 1\nname: parser\nrun_id: ${RUN}\nversion: 1\n`,
  "models/parser/version-1/tags/ok": "yes",
  ".trash/0/meta.yaml": experimentMeta("0", "Default").replace("active", "deleted"),
  [`.trash/0/${OTHER_RUN}/meta.yaml`]: runMeta(OTHER_RUN, "0"),
};

test("every kind of object", (context) => {
  const paths = makeStore(context, oneRun(EVERYTHING));
  const objects = [...dumpStore(paths)];
  const only = (kind: string, key?: string) =>
    objects.filter((object) => object.kind === kind && (key === undefined || object.key === key));
  assert.deepEqual([...new Set(objects.map(({ kind }) => kind))].sort(), [...DUMP_KINDS].sort());
  assert.deepEqual(only("param", "lr"), [
    { kind: "param", place: "root", experiment_id: "1", run_id: RUN, key: "lr", value: "0.1" },
  ]);
  assert.deepEqual(only("param", "raw"), [
    { kind: "param", place: "root", experiment_id: "1", run_id: RUN, key: "raw", value_base64: "/wA=" },
  ]);
  assert.deepEqual(only("metric", "f1"), [
    {
      kind: "metric",
      place: "root",
      experiment_id: "1",
      model_id: "m-1",
      key: "f1",
      value: 0.5,
      timestamp: 1,
      step: 0,
      source_run_id: "r",
    },
  ]);
  assert.deepEqual(only("tag", "note"), [
    { kind: "tag", place: "root", experiment_id: "1", key: "note", value: "experiment's" },
  ]);
  assert.deepEqual(only("tag", "ok"), [
    { kind: "tag", place: "root", name: "parser", version: 1, key: "ok", value: "yes" },
  ]);
  assert.deepEqual(only("alias"), [
    { kind: "alias", place: "root", name: "parser", alias: "champion", version: 1 },
  ]);
  const trashed = only("run").find(({ run_id }) => run_id === OTHER_RUN);
  assert.deepEqual(
    [trashed?.place, trashed?.lifecycle_stage, trashed?.status],
    ["trash", "deleted", "FINISHED"],
  );
  assert.deepEqual(
    only("damage").map((object) => [object.damage_kind, object.place, object.path]),
    [
      ["experiment_id_twice", "trash", ".trash/0"],
      ["value_not_utf8", "root", `1/${RUN}/params/raw`],
      ["value_not_utf8", "root", "1/models/m-1/tags/raw"],
      ["experiment_name_twice", "trash", ".trash/0"],
      ["run_lacks_a_required_directory", "trash", `.trash/0/${OTHER_RUN}`],
    ],
  );
});

test("numbers that JSON has not are texts; integers of any size are numbers and not rounded", (context) => {
  const paths = makeStore(context, oneRun(EVERYTHING));
  const lines = [...dumpStore(paths)]
    .filter(({ kind, key }) => kind === "metric" && key === "loss")
    .map(serializeDumpObject);
  const start = `{"kind":"metric","place":"root","experiment_id":"1","run_id":"${RUN}","key":"loss"`;
  assert.deepEqual(lines, [
    `${start},"value":"NaN","timestamp":1748764900123456789,"step":9007199254740993}`,
    `${start},"value":"-Infinity","timestamp":2,"step":-3}`,
    `${start},"value":"Infinity","timestamp":3,"step":0}`,
    `${start},"value":-0.0,"timestamp":4,"step":1}`,
    `${start},"value":0.1,"timestamp":5,"step":2,"dataset_name":"d","dataset_digest":"5f","model_id":"m-1"}`,
  ]);
});

test("docs/reference/dump.md has a table for every kind, with every field", (context) => {
  const page = readFileSync(new URL("../../../docs/reference/dump.md", import.meta.url), "utf8");
  const documented = new Map<string, Set<string>>();
  for (const section of page.split(/^## /m).slice(1)) {
    const fields = [...section.matchAll(/^\| *`(\w+)` *\|/gm)].map((match) => match[1] ?? "");
    documented.set(/^`(\w+)`/.exec(section)?.[1] ?? "", new Set(fields));
  }
  const objects: DumpObject[] = [...dumpStore(makeStore(context, oneRun(EVERYTHING)))];
  for (const object of objects) {
    for (const field of Object.keys(object)) {
      if (field !== "kind") assert.ok(documented.get(object.kind)?.has(field), `${object.kind}.${field}`);
    }
  }
  for (const kind of DUMP_KINDS) {
    const seen = new Set(
      objects.filter((object) => object.kind === kind).flatMap((object) => Object.keys(object)),
    );
    for (const field of documented.get(kind) ?? [])
      assert.ok(seen.has(field), `${kind}.${field} is not dumped`);
  }
});
