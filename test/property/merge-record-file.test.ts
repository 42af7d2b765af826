/** Three versions of a record file become one: nothing is lost or doubled, whatever is said is said of either order. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import {
  type ManifestFile,
  type MergedFile,
  mergeRecordFile,
  parseLink,
  parseManifest,
  parseMetricFile,
  parseRunMeta,
  type RecordFileKind,
  recordFileKind,
  serializeLink,
  serializeManifest,
  serializePoint,
  serializeRunMeta,
} from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const bytes = (text: string): Uint8Array => Buffer.from(text, "utf8");
const textOf = (merged: MergedFile): string => Buffer.from(merged.bytes).toString("utf8");

interface Sides {
  readonly base?: string | null;
  readonly ours: string;
  readonly theirs: string;
  readonly path?: string;
}

function merge(kind: RecordFileKind, { base = null, ours, theirs, path = "x" }: Sides): MergedFile {
  const sides = { base: base === null ? null : bytes(base), ours: bytes(ours), theirs: bytes(theirs) };
  return mergeRecordFile({ kind, path, sha256, ...sides });
}

const point = fc.record({
  timestamp: fc.integer({ min: 0, max: 3 }),
  value: fc.constantFrom(0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY),
  step: fc.integer({ min: -1, max: 2 }),
});
const points = fc.array(point, { maxLength: 8 });
const torn = fc.constantFrom("", "1 2", "17487");

function counts(texts: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const text of texts) found.set(text, (found.get(text) ?? 0) + 1);
  return found;
}

function linesIn(text: string): Map<string, number> {
  const { points: read } = parseMetricFile(bytes(text), "run");
  return counts(read.map(serializePoint));
}

describe("merging points", () => {
  test("each point is there as often as on the side that has it more often; ours stays the beginning", () => {
    fc.assert(
      fc.property(points, points, points, torn, (base, more, other, end) => {
        const ours = [...base, ...more].map(serializePoint).join("") + end;
        const theirs = [...base, ...other].map(serializePoint).join("") + end;
        const merged = textOf(merge("metric-run", { base: base.map(serializePoint).join(""), ours, theirs }));
        const [mine, their, both] = [ours, theirs, merged].map(linesIn) as [
          Map<string, number>,
          Map<string, number>,
          Map<string, number>,
        ];
        for (const line of new Set([...mine.keys(), ...their.keys(), ...both.keys()]))
          assert.equal(both.get(line) ?? 0, Math.max(mine.get(line) ?? 0, their.get(line) ?? 0), line);
        const complete = ours.slice(0, ours.lastIndexOf("\n") + 1);
        assert.ok(merged.startsWith(complete));
        assert.equal(parseMetricFile(bytes(merged), "run").problemCount, 0);
        const again = textOf(merge("metric-run", { ours: merged, theirs }));
        assert.equal(again, merged);
        const mirrored = textOf(merge("metric-run", { ours: theirs, theirs: ours }));
        assert.deepEqual([...linesIn(mirrored)].sort(), [...both].sort());
      }),
    );
  });

  test("a point is one however it is spelled, and what is no point stays behind", () => {
    const ours = "1 0.5 0\r\n2 1.0 1\n";
    const theirs = "1 0.50 0\n2 1\n3 nonsense 1\n\n4 2.0 2 train 5f2c\n<<<<<<< ours\n5 1.0";
    assert.equal(
      textOf(merge("metric-run", { ours, theirs })),
      "1 0.5 0\r\n2 1.0 1\n2 1\n4 2.0 2 train 5f2c\n",
    );
    const model = "1 0.5 0 abc\n";
    assert.equal(
      textOf(merge("metric-model", { ours: model, theirs: "1 0.5 0 def\n" })),
      `${model}1 0.5 0 def\n`,
    );
  });

  test("links are united as points are", () => {
    const link = (step: number): string =>
      serializeLink({ key: "f1", timestamp: 1, value: 2, step, dataset: { name: "d", digest: "é" } });
    const merged = textOf(merge("links", { ours: link(1) + link(2), theirs: `${link(1)}${link(3)}{"torn` }));
    assert.equal(merged, link(1) + link(2) + link(3));
    assert.ok(
      merged
        .trimEnd()
        .split("\n")
        .every((line) => parseLink(line) !== undefined),
    );
  });
});

describe("merging texts", () => {
  test("a tag: who changed it wins, both differently is a conflict in which ours stands", () => {
    const value = fc.constantFrom("", "a", "b", "ü\r\n", "c");
    fc.assert(
      fc.property(fc.option(value), value, value, (base, ours, theirs) => {
        const merged = merge("tag", { base, ours, theirs });
        const mirrored = merge("tag", { base, ours: theirs, theirs: ours });
        assert.equal(merged.conflicts.length, mirrored.conflicts.length);
        if (merged.conflicts.length === 0) assert.equal(textOf(merged), textOf(mirrored));
        else assert.deepEqual(merged.conflicts, [{ field: null, base, ours, theirs }]);
        if (merged.conflicts.length > 0) assert.equal(textOf(merged), ours);
        if (base === theirs) assert.equal(textOf(merged), ours);
      }),
    );
  });

  test("bytes that are no UTF-8 are told apart", () => {
    const [ours, theirs] = [Uint8Array.of(0xff), Uint8Array.of(0xfe)];
    assert.equal(
      mergeRecordFile({ kind: "tag", path: "t", sha256, base: null, ours, theirs }).conflicts.length,
      1,
    );
  });

  test("a param that differs is a conflict, whoever had which before", () => {
    for (const base of [null, "0.1", "0.2"])
      assert.equal(merge("param", { base, ours: "0.1", theirs: "0.2" }).conflicts.length, 1);
    assert.deepEqual(merge("param", { ours: "0.1", theirs: "0.1" }).conflicts, []);
  });

  test("the number of starts is the greater one", () => {
    const path = "mlruns/0/r/tags/runstone.attempts";
    const merged = merge("tag", { base: "1", ours: "2", theirs: "10", path });
    assert.deepEqual([textOf(merged), merged.conflicts], ["10", []]);
  });
});

const META = {
  runId: "0123456789abcdef0123456789abcdef",
  experimentId: "188651277052019879",
  runName: "otter",
  userId: "ana",
  status: "FINISHED",
  startTime: 1,
  endTime: 5,
  deletedTime: null,
  lifecycleStage: "active",
  artifactUri: "./mlruns/a",
} as const;

describe("merging meta.yaml", () => {
  const change = fc.record(
    {
      runName: fc.constantFrom("heron", "lynx"),
      status: fc.constantFrom("RUNNING" as const, "FAILED" as const, "KILLED" as const),
      endTime: fc.constantFrom(null, 6, 7),
      lifecycleStage: fc.constantFrom("deleted" as const),
      deletedTime: fc.constantFrom(8, 9),
      userId: fc.constantFrom("bo"),
    },
    { requiredKeys: [] },
  );

  test("field by field, the same from either side; status and end time come from one side", () => {
    fc.assert(
      fc.property(change, change, (one, other) => {
        const base = serializeRunMeta(META);
        const [a, b] = [
          { ...META, ...one },
          { ...META, ...other },
        ];
        const [ours, theirs] = [serializeRunMeta(a), serializeRunMeta(b)];
        const merged = merge("run-meta", { base, ours, theirs });
        const mirrored = merge("run-meta", { base, ours: theirs, theirs: ours });
        const fields = (file: MergedFile): (string | null)[] => file.conflicts.map(({ field }) => field);
        assert.deepEqual(fields(merged).sort(), fields(mirrored).sort());
        const read = parseRunMeta(merged.bytes);
        if (merged.conflicts.length === 0) assert.equal(textOf(merged), textOf(mirrored));
        const outcome = (meta: typeof read | typeof a | typeof b): string => `${meta.status} ${meta.endTime}`;
        assert.ok([a, b].some((side) => outcome(side) === outcome(read)));
        for (const field of ["runName", "userId"] as const) {
          if (a[field] === META[field]) assert.equal(read[field], b[field]);
          else assert.equal(read[field], a[field]);
        }
        assert.equal(textOf(merge("run-meta", { base, ours: textOf(merged), theirs: base })), textOf(merged));
      }),
    );
  });

  test("fields of other releases are kept and merged; a file that cannot be read is told", () => {
    const base = `${serializeRunMeta(META)}zebra: 1\n`;
    const ours = `${serializeRunMeta({ ...META, runName: "heron" })}zebra: 1\n`;
    const theirs = `${serializeRunMeta(META)}zebra: 2\nzoo: [a\n`.replace("zoo: [a\n", "zoo:\n- a\n");
    const merged = textOf(merge("run-meta", { base, ours, theirs }));
    assert.match(merged, /^run_name: heron$/m);
    assert.match(merged, /^zebra: 2\nzoo:\n- a$/m);
    const damaged = merge("run-meta", { base, ours, theirs: "<<<<<<< a\nx: [\n" });
    assert.deepEqual([textOf(damaged), damaged.conflicts.length], [ours, 1]);
    assert.equal(textOf(merge("run-meta", { base, ours: "", theirs })), theirs);
  });

  test("experiments that two branches made agree in the earlier creation and the later update", () => {
    const meta = (created: number, updated: number, place: string): string =>
      `artifact_location: ${place}\ncreation_time: ${created}\nexperiment_id: '1'\nlast_update_time: ${updated}\n` +
      "lifecycle_stage: active\nname: credit\n";
    const merged = merge("experiment-meta", { ours: meta(5, 6, "./a"), theirs: meta(4, 9, "/b") });
    assert.deepEqual([textOf(merged), merged.conflicts], [meta(4, 9, "./a"), []]);
  });

  test("members of maps are merged one by one", () => {
    const input = (tags: string): string =>
      `destination_id: d\ndestination_type: RUN\nsource_id: d\nsource_type: DATASET\ntags:\n${tags}`;
    const merged = merge("input-meta", {
      base: input("  a: x\n"),
      ours: input("  a: x\n  b: '1'\n"),
      theirs: input("  a: z\n"),
    });
    assert.deepEqual([textOf(merged), merged.conflicts], [input("  a: z\n  b: '1'\n"), []]);
  });
});

describe("merging manifests", () => {
  const file = (path: string, content: string, size = 3): ManifestFile => ({
    path,
    kind: path.startsWith("artifacts/") ? "artifact" : "tag",
    sha256: sha256(bytes(content)),
    size,
    mtimeNs: 1n,
  });
  const manifest = (...files: ManifestFile[]): string =>
    serializeManifest({ sealedTime: 1, recordDigest: sha256(bytes("r")), complete: true, files }, sha256)
      .text;

  test("lines of both sides are there, and the digest counts for nothing until the run is sealed anew", () => {
    const [big, other] = [file("artifacts/big", "1", 2e9), file("artifacts/other", "2", 2e9)];
    const tag = file("tags/t", "t");
    const merged = merge("manifest", {
      base: manifest(tag),
      ours: manifest(tag, big),
      theirs: manifest(other, file("tags/t", "new")),
    });
    const read = parseManifest(merged.bytes, sha256);
    assert.deepEqual(
      read.files.map(({ path, sha256: hash }) => [path, hash]),
      [big, other, file("tags/t", "new")].map(({ path, sha256: hash }) => [path, hash]),
    );
    assert.deepEqual([read.complete, merged.conflicts], [false, []]);
  });

  test("two large artifacts of one path are a conflict, small ones are told by Git", () => {
    const sides = (size: number): Sides => ({
      ours: manifest(file("artifacts/m", "1", size)),
      theirs: manifest(file("artifacts/m", "2", size)),
    });
    assert.equal(merge("manifest", sides(2e9)).conflicts.length, 1);
    assert.equal(merge("manifest", sides(10)).conflicts.length, 0);
    assert.equal(textOf(merge("manifest", { ours: "torn", theirs: manifest() })), manifest());
  });
});

test("the kind of a file is told by its path, wherever the store lies", () => {
  const run = "fc24143f50cd6e1afba1955b22cd52a6";
  const kinds: Readonly<Record<string, RecordFileKind | null>> = {
    "0/meta.yaml": "experiment-meta",
    [`.trash/0/${run}/meta.yaml`]: "run-meta",
    [`0/${run}/metrics/tags/x`]: "metric-run",
    [`0/${run}/artifacts/metrics/loss`]: null,
    [`0/${run}/artifacts/meta.yaml`]: null,
    [`0/${run}/params/a`]: "param",
    [`0/${run}/tags/metrics/a`]: "tag",
    [`0/${run}/links.jsonl`]: "links",
    [`0/${run}/manifest.yaml`]: "manifest",
    [`0/${run}/.gitignore`]: "run-ignore",
    [`0/${run}/runstone-receipt.hub.yaml`]: "receipt",
    [`0/${run}/inputs/d/meta.yaml`]: "input-meta",
    [`0/${run}/outputs/m/meta.yaml`]: "output-meta",
    [`0/datasets/d/meta.yaml`]: "dataset-meta",
    "0/tags/metrics/x": "tag",
    "0/models/m-1/metrics/f1": "metric-model",
    "0/models/m-1/meta.yaml": "logged-model-meta",
    "0/models/m-1/artifacts/params/a": null,
    "0/traces/t/trace_info.yaml": "trace",
    "models/parser/meta.yaml": "registered-model-meta",
    "models/parser/aliases/champion": "alias",
    "models/parser/version-3/meta.yaml": "model-version-meta",
    "models/parser/version-3/tags/a": "tag",
    "my-experiment/my-run/metrics/loss": "metric-run",
    "my-experiment/tags/a": "tag",
  };
  for (const [path, kind] of Object.entries(kinds))
    for (const place of ["mlruns", "models/tags/my runs", "a/metrics/mlruns"])
      if (!path.startsWith("my-") || place === "mlruns")
        assert.equal(recordFileKind(`${place}/${path}`), kind, `${place}/${path}`);
  for (const path of ["README.md", "src/metrics.py", "mlruns/.gitattributes", "a/b"])
    assert.equal(recordFileKind(path), null, path);
});
