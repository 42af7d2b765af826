/** Rules of SPEC.md, sections 3, 5.1, 5.4 to 5.7 and 16, on bytes and values alone. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseRunLine } from "../../core/process/run-lines.js";
import * as format from "../../store-format/index.js";
import { generalYaml, sha256, utf8 } from "../unit/format-support.js";

const refused = (call: () => unknown, code: format.ErrorCode, data: object = {}) =>
  assert.throws(call, (error) => {
    assert.ok(format.isRunstoneError(error, code), String(error));
    for (const [name, value] of Object.entries(data)) assert.equal(error.data[name], value);
    return true;
  });
const points = (text: string) => format.parseMetricFile(utf8(text), "run");
const scalar = (text: string, field = "a") => format.parseYamlMap(text).get(field);

describe("conventions", () => {
  test("R-text-1: no normalisation, no lone surrogates", () => {
    for (const text of ["e\u0301", "\u00e9", "\ufeffa"]) {
      assert.equal(format.decodeText(format.encodeText(text)).value, text);
    }
    refused(() => format.encodeText("\ud83d"), "INVALID_PARAMETER_VALUE");
  });

  test("R-text-2, R-metric-3: what follows the last LF is no line", () => {
    const { points: found, torn, completeBytes } = points("1 0.5 0\n2 0.75 1");
    assert.deepEqual(found, [{ timestamp: 1, value: 0.5, step: 0 }]);
    assert.deepEqual({ torn, completeBytes }, { torn: { offset: 8 }, completeBytes: 8 });
  });

  test("R-sort-1: code points, not UTF-16 units", () => {
    const sorted = ["\u{1f600}", "\uff5e", "a"].sort(format.compareCodePoints);
    assert.deepEqual(sorted, ["a", "\uff5e", "\u{1f600}"]);
    assert.deepEqual(
      sorted.map((text) => Buffer.from(text).toString("hex")),
      ["61", "efbd9e", "f09f9880"],
    );
  });

  test("R-path-1: the path of a key has / between its parts on every system", () => {
    assert.equal(format.keyToPath("val/f1"), "val/f1");
    assert.equal(format.pathToKey("val/f1"), "val/f1");
  });

  test("R-num-1: 64-bit integers keep every digit", () => {
    const line = "9223372036854775807 1.0 -9223372036854775808\n";
    const [point] = points(line).points;
    assert.deepEqual(point, { timestamp: 2n ** 63n - 1n, value: 1, step: -(2n ** 63n) });
    assert.equal(format.serializePoint(point!), line);
    assert.equal(points("9223372036854775808 1.0 0\n").problemCount, 1);
  });

  test("R-num-2: the texts of Python's repr", () => {
    const texts = [
      "nan",
      "inf",
      "-inf",
      "-0.0",
      "0.0001",
      "4.1e-05",
      "1e+16",
      "1000000000000000.0",
      "5e-324",
    ];
    for (const text of [...texts, "1.5e+300", "100000.0"])
      assert.equal(format.serializePythonFloat(format.parsePythonFloat(text)!), text);
  });

  test("R-num-3: all that Python's float() and int() read", () => {
    const floats: readonly [string, number][] = [
      ["1", 1],
      [".5", 0.5],
      ["5.", 5],
      ["1E5", 1e5],
      ["1_0", 10],
      ["Infinity", Infinity],
      ["-INF", -Infinity],
      ["+2", 2],
      ["\t3\t", 3],
    ];
    for (const [text, value] of floats) assert.equal(format.parsePythonFloat(text), value, text);
    for (const text of ["", "1,5", "0x1", "_1", "1__0", "e5"])
      assert.equal(format.parsePythonFloat(text), undefined, text);
    assert.deepEqual(["+12", "1_000", "12.0", ""].map(format.parsePythonInt), [
      12,
      1000,
      undefined,
      undefined,
    ]);
  });

  test("R-num-4: all NaNs are one", () => {
    assert.equal(format.doubleHex(Number.NaN), "7ff8000000000000");
    const record = format.pointRecord({ timestamp: 0, value: Number.NaN, step: 0 });
    assert.equal(Buffer.from(record.subarray(16)).toString("hex"), "7ff8000000000000");
  });
});

describe("YAML", () => {
  test("R-yaml-1: what PyYAML would resolve is quoted", () => {
    const texts = [
      "123",
      "yes",
      "0x1f",
      "017",
      "1:30",
      "1.5",
      "2024-01-02",
      "=",
      "<<",
      "",
      "null",
      "a: b",
      " a",
    ];
    for (const text of texts) assert.match(format.serializeYamlMap({ a: text }), /^a: '/, text);
    assert.equal(format.serializeYamlMap({ a: "\u{1f600}", b: "x\ty" }), 'a: "\\U0001F600"\nb: "x\\ty"\n');
    assert.equal(
      format.serializeYamlMap({ a: "gentle-otter-512", b: "1e5" }),
      "a: gentle-otter-512\nb: 1e5\n",
    );
  });

  test("R-yaml-2: a scalar is text until its field says more", () => {
    const id = "12345678e90123456789012345678901";
    assert.deepEqual(scalar(`a: ${id}\n`), { text: id, quoted: false });
    const meta = format.parseRunMeta(utf8(`run_id: ${id}\nexperiment_id: 5\nstatus: 3\n`));
    assert.deepEqual([meta.runId, meta.experimentId, meta.status], [id, "5", "FINISHED"]);
  });

  test("R-yaml-3: fields by type, unknown keys ignored, the last of duplicates", () => {
    const text =
      "experiment_id: '1'\nrun_id: a\nend_time: '12'\nstart_time: ~\nuser_id: null\nnew: {}\nrun_id: b\n";
    const meta = format.parseRunMeta(utf8(text));
    assert.deepEqual([meta.runId, meta.endTime, meta.startTime, meta.userId], ["b", 12, null, ""]);
    const wrong = utf8("experiment_id: '1'\nrun_id: a\nend_time: soon\n");
    refused(() => format.parseRunMeta(wrong), "DAMAGED", { field: "end_time" });
    const tags = format.parseInputMeta(utf8("source_id: x\ntags:\n  a: null\n  b: 1\n")).tags;
    assert.deepEqual({ ...tags }, { a: "", b: "1" });
  });

  test("R-yaml-4: empty is told apart", () => {
    for (const text of ["", "\n", " \n \n"])
      refused(() => format.parseRunMeta(utf8(text)), "DAMAGED", { reason: "empty" });
  });

  test("R-yaml-5: bounds and bad characters are refused with their offset", () => {
    const large = new Uint8Array(format.MAX_YAML_BYTES + 1).fill(0x61);
    refused(() => format.parseYamlFile(large, "file"), "DAMAGED");
    const deep = Array.from({ length: 40 }, (_, depth) => `${"  ".repeat(depth)}a:\n`).join("");
    refused(() => format.parseYamlFile(utf8(deep), "file"), "DAMAGED", { reason: "nested too deeply" });
    refused(() => format.parseYamlFile(Uint8Array.of(0x61, 0x3a, 0x20, 0xff), "file"), "DAMAGED", {
      offset: 3,
    });
    refused(() => format.parseYamlFile(utf8("é: \u0001\n"), "file"), "DAMAGED", { offset: 4 });
    assert.equal(format.parseYamlFile(utf8("\ufeffa: b\n"), "file").size, 1);
  });

  test("R-yaml-6: what people's editors write is read, too", () => {
    const text = "# by hand\nsource_id: x\ntags: {a: 'b'}\nsource_type: |\n  DATASET\n";
    const meta = format.parseInputMeta(utf8(text), { general: generalYaml });
    assert.deepEqual({ ...meta.tags }, { a: "b" });
  });
});

describe("metric files", () => {
  test("R-metric-1: three fields, a timestamp of 0 or more", () => {
    const dataset = { name: "d", digest: "1" };
    const point = { timestamp: 1, value: 0.5, step: 2, dataset };
    assert.equal(format.serializePoint(point), "1 0.5 2\n");
    refused(() => format.checkPoint({ timestamp: -1, value: 1, step: 0 }), "INVALID_PARAMETER_VALUE");
  });

  test("R-metric-2: 2, 3 and 5 fields, the written step", () => {
    const { points: found } = points("1 0.5\n2 0.5 7\n3 0.5 8 d 1\n");
    assert.deepEqual(
      found.map(({ step }) => step),
      [0, 7, 8],
    );
    assert.deepEqual(found[2]?.dataset, { name: "d", digest: "1" });
  });

  test("R-metric-4: other lines are named by offset and hide nothing", () => {
    const bad = ["", "1", "1 2 3 4", "x 1 1", "1 x 1", "1 1 1.5", "1  1 1", `1 ${"x".repeat(70_000)} 1`];
    const text = bad.map((line) => `${line}\n5 1.5 5\n`).join("");
    const file = points(text);
    assert.equal(file.points.length, bad.length);
    assert.equal(file.problemCount, bad.length);
    for (const { offset } of file.problems) {
      const line = text.slice(offset).split("\n")[0] ?? "";
      assert.ok(bad.includes(line), line.slice(0, 20));
    }
    const latin = format.parseMetricFile(Uint8Array.from([0x31, 0x20, 0xff, 0x0a]), "run");
    assert.deepEqual(latin.problems[0]?.offset, 0);
  });

  test("R-metric-5: equal lines are kept", () => {
    assert.equal(points("1 0.5 0\n1 0.5 0\n").points.length, 2);
  });

  test("R-metric-6: the latest is the greatest (step, timestamp, value); with NaN in a tie the earlier stays", () => {
    const latest = (text: string) => format.latestPoint(points(text).points);
    assert.deepEqual(latest("9 9.0 0\n1 1.0 1\n"), { timestamp: 1, value: 1, step: 1 });
    assert.deepEqual(latest("1 2.0 1\n1 3.0 1\n1 1.0 1\n")?.value, 3);
    assert.ok(Number.isNaN(latest("1 nan 1\n1 3.0 1\n")?.value));
    assert.equal(latest("1 3.0 1\n1 nan 1\n")?.value, 3);
  });

  test("R-model-1: 4 or 6 fields in a logged model's file", () => {
    const file = format.parseMetricFile(utf8("1 0.5 2 r\n1 0.5 2 r d 1\n1 0.5 2\n1 0.5 2 r d\n"), "model");
    assert.deepEqual(
      file.points.map(({ runId }) => runId),
      ["r", "r"],
    );
    assert.equal(file.problemCount, 2);
  });
});

describe("records", () => {
  test("R-link-1, R-link-3: members in order; other lines and members are passed over", () => {
    const link = { key: "a", timestamp: 1, value: Number.NaN, step: 2n ** 60n, modelId: "m-1" };
    const line = format.serializeLink(link);
    assert.equal(line, `{"key":"a","timestamp":1,"value":"NaN","step":${2n ** 60n},"model_id":"m-1"}\n`);
    assert.deepEqual(format.parseLink(line.trimEnd()), link);
    for (const bad of ["", "[]", "{}", '{"key":1,"timestamp":1,"value":1,"step":1}'])
      assert.equal(format.parseLink(bad), undefined);
    assert.ok(format.parseLink('{"key":"a","timestamp":1,"value":1,"step":1,"new":[]}') !== undefined);
  });

  test("R-param-2: every byte of a value counts", () => {
    for (const text of ["", "a\n", "a\r\nb", "\ufeffx", " "])
      assert.equal(format.decodeText(utf8(text)).value, text);
  });

  test("R-param-3: bytes that are no UTF-8 are shown and kept", () => {
    const bytes = Uint8Array.of(0x61, 0xff, 0x62);
    assert.deepEqual(format.decodeText(bytes), { value: "a\ufffdb", bytes });
    assert.equal(format.invalidUtf8Offset(bytes), 1);
  });

  test("R-tag-1: tags below runstone. are no part of the record", () => {
    const newHasher = () => {
      const parts: Uint8Array[] = [];
      return {
        update: (bytes: Uint8Array) => void parts.push(bytes.slice()),
        digestHex: () => sha256(Buffer.concat(parts)),
      };
    };
    const digest = (keys: readonly string[]) => {
      const builder = new format.RecordDigestBuilder(newHasher);
      for (const key of keys) builder.tag(key, utf8("1"));
      return builder.digestHex();
    };
    assert.equal(digest(["runstone.attempts"]), sha256(utf8("runstone-record 1\n")));
    assert.notEqual(digest(["runstoneattempts"]), digest([]));
  });

  test("R-key-1: keys that can be read", () => {
    for (const key of ["a", "val/f1", ".hidden", "a/..b", " a", "größe", "a:b"])
      assert.ok(format.isReadableKey(key), key);
    for (const key of ["", "a//b", "./a", "a/", "../a", "...", "/a", "a+b", "a@b", "a\n"])
      assert.ok(!format.isReadableKey(key), key);
  });

  test("R-key-2: files of tools are no entries", () => {
    const strays = [
      ".gitkeep",
      "a/.DS_Store",
      "._a",
      "a~",
      "a.swp",
      "a.orig",
      ".ipynb_checkpoints/a",
      "b/a.tmp",
    ];
    for (const path of strays) assert.ok(format.isStrayEntry(path), path);
    assert.ok(!format.isStrayEntry("tmp"));
  });

  test("R-key-3, R-limit-1: keys that are not written", () => {
    const bad = ["a".repeat(251), "ä".repeat(128), "a/ /b", "a/.GIT/b", "a~", "x/.gitkeep", "a+b", ""];
    for (const key of bad) refused(() => format.checkKey(key, "metric"), "INVALID_PARAMETER_VALUE");
    format.checkKey("a".repeat(250), "metric");
  });

  test("R-key-5: names of other systems and twins are told", () => {
    assert.ok(format.windowsProblem("a:b") !== undefined);
    assert.ok(format.windowsProblem("x/nul") !== undefined);
    assert.equal(format.keysClash("Loss", "loss"), "twin");
    assert.equal(format.keysClash("\u00e9", "e\u0301"), "twin");
    assert.equal(format.keysClash("loss", "loss/train"), "path");
  });

  test("R-art-1, R-sec-2: paths of artifacts", () => {
    const bad = ["", "/a", "../a", "a/../b", "a//b", "a\\b", "~a", "a%2e", "a/nul", "a.", "a\u0000", "x:y"];
    for (const path of [...bad, ".artifact.uploading.x", "a".repeat(256), "a/".repeat(2100)])
      refused(() => format.checkArtifactPath(path), "INVALID_PARAMETER_VALUE");
    for (const path of ["a", "a/b.png", ".hidden", "a b"]) format.checkArtifactPath(path);
    for (const path of ["", "/a", "a/../b", "a//b", "C:a", "\\a", "a\\..\\b", "a\0"])
      assert.ok(!format.isContainedPath(path), path);
  });
});

describe("files with a version", () => {
  const manifest = { sealedTime: 1, recordDigest: "0".repeat(64), complete: true, files: [] };
  const { text } = format.serializeManifest(manifest, sha256);
  const parse = (changed: string) => format.parseManifest(utf8(changed), sha256);

  test("R-manifest-3: any deviation is refused with its offset", () => {
    parse(text);
    for (let i = 0; i < text.length; i += 1)
      refused(() => parse(`${text.slice(0, i)}\u0001${text.slice(i + 1)}`), "DAMAGED");
    refused(() => parse(text.slice(0, -1)), "DAMAGED");
    refused(() => parse(`${text}\n`), "DAMAGED", { offset: text.length });
    const file = { path: "../a", kind: "tag", sha256: "0".repeat(64), size: 0, mtimeNs: 0n } as const;
    refused(() => parse(format.serializeManifest({ ...manifest, files: [file] }, sha256).text), "DAMAGED");
  });

  test("R-manifest-4, R-version-1: a newer manifest is refused as a whole", () => {
    refused(() => parse(text.replace("manifest: 1", "manifest: 2")), "FORMAT_TOO_NEW");
  });

  test("R-lease-2, R-version-1: a newer lease is read, not written", () => {
    const lease = format.parseLease(utf8("pid: 1\nrunstone_lease: 2\ntoken: a\nnew: b\n"));
    assert.equal(lease.pid, 1);
    refused(() => format.assertWritableLease(lease), "FORMAT_TOO_NEW");
  });

  test("R-config-1, R-config-2, R-version-2: defaults, unknown keys, wrong types", () => {
    const config = format.parseConfig(utf8("format: 1\nnew: 5\ncapture:\n  later: true\n"));
    assert.equal(config.store, "mlruns");
    const written = format.serializeConfig({ ...config, durability: "full" });
    assert.match(written, /^new: 5$/m);
    assert.match(written, /^ {2}later: true$/m);
    const wrong = utf8("format: 1\ncapture:\n  git: maybe\n");
    refused(() => format.parseConfig(wrong), "DAMAGED", { field: "capture.git" });
  });

  test("R-fold-1: anything but a fold is refused, the bare intent is none", () => {
    assert.equal(format.parseFold(utf8('{"runstone_fold":1}\n')), null);
    for (const bad of [
      "",
      "{}\n",
      '{"runstone_fold":2}\n',
      '{"runstone_fold":1}',
      '{"runstone_fold":1}\n{"key":"a"}\n',
    ])
      refused(() => format.parseFold(utf8(bad)), "DAMAGED");
  });
});

describe("run lines", () => {
  test("R-line-2: numbers, step and timestamp", () => {
    assert.deepEqual(parseRunLine('::runstone metric a=-.5e3 b=NaN step=3.0 timestamp=7 "step"=1'), {
      kind: "metric",
      values: [
        { key: "a", value: -500 },
        { key: "b", value: Number.NaN },
        { key: "step", value: 1 },
      ],
      step: 3,
      timestamp: 7,
    });
  });

  test("R-line-3: artifacts", () => {
    const line = "::runstone artifact 'a b.png' as plots";
    assert.deepEqual(parseRunLine(line), { kind: "artifact", source: "a b.png", directory: "plots" });
  });

  test("R-line-4: what is no run line is reported or passed over", () => {
    for (const line of [
      "::runstone",
      "::runstone metric",
      "::runstone metric a=b",
      '::runstone tag a="b',
      "::runstone x",
    ])
      assert.equal(parseRunLine(line)?.kind, "bad", line);
    for (const line of ["::runstonefoo metric a=1", "x ::runstone metric a=1", ""])
      assert.equal(parseRunLine(line), null, line);
  });
});
