/**
 * The vectors on disk, for other readers and writers of the format as well. `test/vectors/<kind>/valid/NAME.*` holds the
 * bytes and NAME.json the value; where `writes` is true, the value is written as exactly these bytes. In `invalid/` the
 * JSON gives the error's code and, where there is one, the byte offset or the field.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as format from "../../store-format/index.js";
import { generalYaml, REPOSITORY, sha256, toPlain } from "./format-support.js";

interface Codec {
  readonly parse: (bytes: Uint8Array) => unknown;
  readonly serialize?: (value: never) => string;
}

const options = { general: generalYaml };
const metricFile = (kind: format.MetricFileKind): Codec => ({
  parse: (bytes) => format.parseMetricFile(bytes, kind),
  serialize: ({ points }: format.MetricFile) =>
    points
      .map((point) =>
        kind === "run" ? format.serializePoint(point) : format.serializeModelPoint(point as never),
      )
      .join(""),
});
const meta = (
  parse: (bytes: Uint8Array, o: object) => unknown,
  serialize?: (value: never) => string,
): Codec => ({
  parse: (bytes) => parse(bytes, options),
  ...(serialize === undefined ? {} : { serialize }),
});

const CODECS: Readonly<Record<string, Codec>> = {
  "metric-run": metricFile("run"),
  "metric-model": metricFile("model"),
  "text-value": {
    parse: format.decodeText,
    serialize: ({ value }: format.TextValue) =>
      new TextDecoder("utf-8", { ignoreBOM: true }).decode(format.encodeText(value)),
  },
  key: {
    parse: (bytes) => {
      const key = new TextDecoder().decode(bytes);
      format.checkKey(key, "metric");
      return { key, path: format.keyToPath(key), windows: format.windowsProblem(key) ?? null };
    },
    serialize: ({ key }: { key: string }) => key,
  },
  yaml: {
    parse: (bytes) => format.parseYamlFile(bytes, "file", options),
    serialize: format.serializeYamlMap,
  },
  "experiment-meta": meta(format.parseExperimentMeta, format.serializeExperimentMeta),
  "run-meta": meta(format.parseRunMeta, format.serializeRunMeta),
  "dataset-meta": meta(format.parseDatasetMeta, format.serializeDatasetMeta),
  "input-meta": meta(format.parseInputMeta, format.serializeInputMeta),
  "output-meta": meta(format.parseOutputMeta, format.serializeOutputMeta),
  "logged-model-meta": meta(format.parseLoggedModelMeta, format.serializeLoggedModelMeta),
  "registered-model-meta": meta(format.parseRegisteredModelMeta, format.serializeRegisteredModelMeta),
  "model-version-meta": meta(format.parseModelVersionMeta, format.serializeModelVersionMeta),
  "trace-info": meta(format.parseTraceInfo),
  config: meta(format.parseConfig, format.serializeConfig),
  lease: meta(format.parseLease, format.serializeLease),
  manifest: {
    parse: (bytes) => format.parseManifest(bytes, sha256),
    serialize: (value: format.Manifest) => format.serializeManifest(value, sha256).text,
  },
};

const VECTORS = join(REPOSITORY, "test/vectors");

function* vectorsOf(
  kind: string,
  sort: "valid" | "invalid",
): Generator<{ name: string; bytes: Uint8Array; json: string }> {
  const directory = join(VECTORS, kind, sort);
  for (const file of existsSync(directory) ? readdirSync(directory).sort() : []) {
    if (file.endsWith(".json")) continue;
    const json = join(directory, file.replace(/\.[a-z]+$/, ".json"));
    yield { name: `${kind}/${sort}/${file}`, bytes: readFileSync(join(directory, file)), json };
  }
}

function expected<T>(json: string): T {
  return JSON.parse(readFileSync(json, "utf8")) as T;
}

describe("vectors", () => {
  test("every kind has valid and, where anything can be wrong, invalid ones", () => {
    assert.deepEqual(
      readdirSync(VECTORS)
        .filter((kind) => kind in CODECS)
        .sort(),
      Object.keys(CODECS).sort(),
    );
  });

  for (const [kind, codec] of Object.entries(CODECS)) {
    test(kind, () => {
      for (const { name, bytes, json } of vectorsOf(kind, "valid")) {
        const { value, writes } = expected<{ value: unknown; writes: boolean }>(json);
        const found = codec.parse(bytes);
        assert.deepEqual(toPlain(found), value, name);
        if (codec.serialize === undefined) continue;
        const written = codec.serialize(found as never);
        assert.equal(Buffer.compare(Buffer.from(written), bytes) === 0, writes, name);
      }
      for (const { name, bytes, json } of vectorsOf(kind, "invalid")) {
        const { code, ...data } = expected<{ code: format.ErrorCode; offset?: number; field?: string }>(json);
        assert.throws(
          () => codec.parse(bytes),
          (error) => {
            assert.ok(format.isRunstoneError(error, code), `${name}: ${error}`);
            for (const [key, value] of Object.entries(data)) assert.equal(error.data[key], value, name);
            return true;
          },
          name,
        );
      }
    });
  }
});
