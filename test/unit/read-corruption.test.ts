/** Any byte of any small file flipped, any file cut: everything else is read, nothing is thrown, the other run is unaffected. */
import assert from "node:assert/strict";
import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { dumpStore, serializeDumpObject } from "../../core/index.js";
import type { StorePaths } from "../../core/store/layout.js";
import { serializeFold, serializeLink } from "../../store-format/index.js";
import { makeStore, OTHER_RUN, oneRun, RUN, runMeta, type Tree } from "./read-fixture.js";

const TREE: Tree = oneRun({
  "1/RUN/params/größe": "ü",
  "1/RUN/tags/mlflow.runName": "name",
  "1/RUN/metrics/loss": "1748764900000 0.5 1 train 5f\n2 nan 2\n",
  "1/RUN/links.jsonl": serializeLink({
    key: "loss",
    timestamp: 2,
    value: Number.NaN,
    step: 2,
    modelId: "m-1",
  }),
  "1/RUN/writers/1/metrics/loss": "3 3 3\n",
  "1/RUN/writers/fold.jsonl": serializeFold({ metrics: [{ key: "loss", length: 39 }], links: 77 }),
  "1/RUN/inputs/a/meta.yaml":
    "source_id: ce0d\nsource_type: DATASET\ntags:\n  mlflow.data.context: training\n",
  "1/RUN/outputs/m-1/meta.yaml": "destination_id: m-1\nstep: 10\ntags: {}\n",
  "1/datasets/ce0d/meta.yaml": "digest: 5f\nname: d\nprofile: null\nsource: '{\"a\": 1}'\n",
  "1/models/m-1/meta.yaml": "creation_timestamp: 1\nexperiment_id: '1'\nmodel_id: m-1\nname: p\nstatus: 2\n",
  "1/models/m-1/metrics/f1": "1 0.5 0 r train 5f\n",
  "1/traces/tr-1/trace_info.yaml": "state: OK\ntrace_id: tr-1\ntrace_location:\n  type: X\n",
  "models/parser/meta.yaml": "aliases:\n  champion: '1'\nname: parser\n",
  "models/parser/aliases/champion": "1",
  "models/parser/version-1/meta.yaml": "creation_timestamp: 1\nname: parser\nversion: 1\n",
  [`2/${OTHER_RUN}/meta.yaml`]: runMeta(OTHER_RUN, "2"),
  [`2/${OTHER_RUN}/params/lr`]: "0.1",
  [`2/${OTHER_RUN}/metrics/loss`]: "1 1 1\n",
});
/** An odd number of damaged places for each file, spread over all of it. */
const PLACES = 11;

function linesOfOther(paths: StorePaths): string[] {
  return [...dumpStore(paths)].filter(({ run_id: id }) => id === OTHER_RUN).map(serializeDumpObject);
}

function overwrite(file: string, bytes: Uint8Array): void {
  writeFileSync(file, bytes);
  // An empty meta.yaml that is young is waited for; these are not being written.
  utimesSync(file, 1, 1);
}

describe("one damaged file", () => {
  for (const [path, content] of Object.entries(TREE)) {
    if (path.endsWith("/") || path.startsWith("2/")) continue;
    test(path.replace(RUN, "RUN"), (context) => {
      const paths = makeStore(context, TREE);
      const file = join(paths.root, path);
      const expected = linesOfOther(paths);
      const whole = readFileSync(file);
      assert.equal(whole.length, Buffer.byteLength(content));
      for (let place = 0; place < PLACES; place++) {
        const at = Math.floor((place * whole.length) / PLACES);
        overwrite(file, whole.subarray(0, at));
        assert.deepEqual(linesOfOther(paths), expected, `cut at ${at}`);
        const flipped = Uint8Array.from(whole);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (place % 8));
        overwrite(file, flipped);
        assert.deepEqual(linesOfOther(paths), expected, `flipped at ${at}`);
      }
    });
  }
});

test("bytes of every value in place of a meta.yaml are named as damage of that file", (context) => {
  const paths = makeStore(context, oneRun());
  const file = join(paths.root, "1", RUN, "meta.yaml");
  const whole = readFileSync(file);
  for (let at = 0; at < whole.length; at += 7) {
    const broken = Uint8Array.from(whole);
    broken[at] = 0;
    overwrite(file, broken);
    const damage = [...dumpStore(paths)].filter(({ kind }) => kind === "damage");
    assert.deepEqual(
      damage.map((object) => [object.damage_kind, object.path, object.offset]),
      [["run_meta_damaged", `1/${RUN}/meta.yaml`, at]],
    );
  }
});
