/** What the examples of SPEC.md are made of: for each word in their fences, how bytes become a value and back. */
import { createHash } from "node:crypto";
import { parseRunLine } from "../../core/process/run-lines.js";
import * as format from "../../store-format/index.js";
import { generalYaml, sha256 } from "../unit/format-support.js";

export interface Codec {
  readonly parse: (bytes: Uint8Array) => unknown;
  readonly serialize?: (value: never) => string | Uint8Array;
}

const options = { general: generalYaml };

function yaml(
  parse: (bytes: Uint8Array, options: format.ParseOptions) => unknown,
  serialize?: (value: never) => string,
): Codec {
  return { parse: (bytes) => parse(bytes, options), ...(serialize === undefined ? {} : { serialize }) };
}

function metricFile(kind: format.MetricFileKind): Codec {
  return {
    parse: (bytes) => format.parseMetricFile(bytes, kind),
    serialize: ({ points }: format.MetricFile) =>
      points
        .map((point) =>
          kind === "run" ? format.serializePoint(point) : format.serializeModelPoint(point as never),
        )
        .join(""),
  };
}

export const CODECS: Readonly<Record<string, Codec>> = {
  "text-value": {
    parse: format.decodeText,
    serialize: ({ value }: format.TextValue) => format.encodeText(value),
  },
  "experiment-meta": yaml(format.parseExperimentMeta, format.serializeExperimentMeta),
  "run-meta": yaml(format.parseRunMeta, format.serializeRunMeta),
  "metric-run": metricFile("run"),
  "metric-model": metricFile("model"),
  links: {
    parse: (bytes) => linesOf(bytes).map(format.parseLink),
    serialize: (links: readonly format.PointLink[]) => links.map(format.serializeLink).join(""),
  },
  "dataset-meta": yaml(format.parseDatasetMeta, format.serializeDatasetMeta),
  "input-meta": yaml(format.parseInputMeta, format.serializeInputMeta),
  "output-meta": yaml(format.parseOutputMeta, format.serializeOutputMeta),
  "logged-model-meta": yaml(format.parseLoggedModelMeta, format.serializeLoggedModelMeta),
  "registered-model-meta": yaml(format.parseRegisteredModelMeta, format.serializeRegisteredModelMeta),
  "model-version-meta": yaml(format.parseModelVersionMeta, format.serializeModelVersionMeta),
  "trace-info": yaml(format.parseTraceInfo),
  manifest: {
    parse: (bytes) => format.parseManifest(bytes, sha256),
    serialize: (value: format.Manifest) => format.serializeManifest(value, sha256).text,
  },
  lease: yaml(format.parseLease, format.serializeLease),
  fold: { parse: format.parseFold, serialize: format.serializeFold },
  receipt: yaml(format.parseSyncReceipt, format.serializeSyncReceipt),
  config: yaml(format.parseConfig, format.serializeConfig),
  "point-record": { parse: parsePointRecord, serialize: format.pointRecord },
  "run-lines": { parse: (bytes) => linesOf(bytes).map(parseRunLine) },
};

function linesOf(bytes: Uint8Array): string[] {
  return new TextDecoder().decode(bytes).split("\n").slice(0, -1);
}

/** The reverse of `pointRecord`, from the table in SPEC.md alone. */
function parsePointRecord(bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const integer = (offset: number) => format.toInteger(view.getBigUint64(offset) - 2n ** 63n);
  return { step: integer(0), timestamp: integer(8), value: view.getFloat64(16) };
}

interface Derived {
  readonly [member: string]: unknown;
}

const hex = (algorithm: string, text: string): string =>
  createHash(algorithm).update(text, "utf8").digest("hex");

/** Ids and digests: what SPEC.md states beside them is the argument, the whole statement the result. */
export const DERIVATIONS: Readonly<Record<string, (given: never) => Derived>> = {
  "experiment-id": ({ name, probe }: { name: string; probe: number }) => {
    const preimage = format.experimentIdPreimage(name, probe);
    const digest = hex("sha256", preimage);
    return { name, probe, preimage, sha256: digest, id: format.experimentIdFromHash(digest) };
  },
  "run-key-id": (given: { experimentId: string; runKey: string; probe: number }) => {
    const preimage = `runstone run key\n${given.experimentId}\n${given.runKey}\n${given.probe}`;
    const digest = hex("sha256", preimage);
    return { ...given, preimage, sha256: digest, id: digest.slice(0, 32) };
  },
  "dataset-id": ({ name, digest }: format.DatasetRef) => {
    const preimage = format.datasetIdPreimage(name, digest);
    return { name, digest, preimage, id: hex("md5", preimage) };
  },
  "input-id": ({ sourceId, runId }: { sourceId: string; runId: string }) => {
    const preimage = format.inputIdPreimage(sourceId, runId);
    return { sourceId, runId, preimage, id: hex("md5", preimage) };
  },
  object: ({ bytes }: { bytes: string }) => {
    const digest = sha256(Buffer.from(bytes, "hex"));
    return { bytes, sha256: digest, path: `.runstone/objects/${digest.slice(0, 2)}/${digest.slice(2)}` };
  },
};
