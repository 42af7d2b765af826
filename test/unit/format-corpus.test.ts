/** Everything in the directories of real stores is read, and the digests over their runs are those of the truth. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, test } from "node:test";
import {
  compareRunDigestEntries,
  isReadableKey,
  isStrayEntry,
  latestPoint,
  type MetricFileKind,
  type Place,
  parseDatasetMeta,
  parseExperimentMeta,
  parseInputMeta,
  parseLoggedModelMeta,
  parseMetricFile,
  parseModelVersionMeta,
  parseOutputMeta,
  parseRegisteredModelMeta,
  parseRunMeta,
  parseTraceInfo,
  pathToKey,
  type RunDigestEntry,
  serializeRunDigest,
} from "../../store-format/index.js";
import { findCorpus, sha256 } from "./format-support.js";

interface Truth {
  readonly digest_all_runs: string;
  readonly damage_counts: Readonly<Record<string, number>>;
  readonly totals: { readonly metric_points?: number };
}

const RESERVED = ["tags", "datasets", "traces", "models"];

function subdirectories(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const entries = readdirSync(directory, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

function filesBelow(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const entries = readdirSync(directory, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

function entries(directory: string): Map<string, Uint8Array> {
  const paths = filesBelow(directory).map((path) => [relative(directory, path), path] as const);
  const kept = paths.filter(([key]) => isReadableKey(key) && !isStrayEntry(key));
  return new Map(kept.map(([key, path]) => [pathToKey(key), readFileSync(path)]));
}

function hashes(directory: string): Map<string, string> {
  return new Map([...entries(directory)].map(([key, bytes]) => [key, sha256(bytes)]));
}

function readMetrics(
  directory: string,
  kind: MetricFileKind,
  crlf: { count: number },
): RunDigestEntry["metrics"] {
  const metrics = new Map<
    string,
    RunDigestEntry["metrics"] extends ReadonlyMap<string, infer M> ? M : never
  >();
  for (const [key, bytes] of entries(directory)) {
    const file = parseMetricFile(bytes, kind);
    assert.deepEqual(file.problems, [], join(directory, key));
    assert.equal(file.torn, undefined);
    if (file.crlf) crlf.count += 1;
    const latest = latestPoint(file.points);
    if (latest !== undefined) metrics.set(key, { points: file.points.length, latest });
  }
  return metrics;
}

function readRuns(root: string, place: Place, crlf: { count: number }): RunDigestEntry[] {
  const base = place === "root" ? root : join(root, ".trash");
  const runs: RunDigestEntry[] = [];
  for (const experimentId of subdirectories(base)) {
    if (!existsSync(join(base, experimentId, "meta.yaml")) || experimentId === "models") continue;
    assert.equal(
      parseExperimentMeta(readFileSync(join(base, experimentId, "meta.yaml"))).experimentId,
      experimentId,
    );
    for (const runId of subdirectories(join(base, experimentId))) {
      const run = join(base, experimentId, runId);
      if (RESERVED.includes(runId) || !existsSync(join(run, "meta.yaml"))) continue;
      const meta = parseRunMeta(readFileSync(join(run, "meta.yaml")));
      assert.equal(meta.runId, runId);
      assert.equal(meta.missing, undefined);
      const { lifecycleStage, status, startTime, endTime } = meta;
      const metrics = readMetrics(join(run, "metrics"), "run", crlf);
      const [params, tags] = [hashes(join(run, "params")), hashes(join(run, "tags"))];
      runs.push({
        place,
        experimentId,
        runId,
        lifecycleStage,
        status,
        startTime,
        endTime,
        params,
        tags,
        metrics,
      });
    }
  }
  return runs;
}

/** How to read a YAML file by its place, `undefined` for the artifacts of users. */
function parserFor(path: string): ((bytes: Uint8Array) => unknown) | undefined {
  if (/\/artifacts\//.test(path)) return undefined;
  const rules: [RegExp, (bytes: Uint8Array) => unknown][] = [
    [/\/traces\/[^/]+\/trace_info\.yaml$/, parseTraceInfo],
    [/\/datasets\/[^/]+\/meta\.yaml$/, parseDatasetMeta],
    [/\/inputs\/[^/]+\/meta\.yaml$/, parseInputMeta],
    [/\/outputs\/[^/]+\/meta\.yaml$/, parseOutputMeta],
    [/\/models\/m-[^/]+\/meta\.yaml$/, parseLoggedModelMeta],
    [/\/models\/[^/]+\/version-[0-9]+\/meta\.yaml$/, parseModelVersionMeta],
    [/\/models\/[^/]+\/meta\.yaml$/, parseRegisteredModelMeta],
  ];
  return rules.find(([rule]) => rule.test(path))?.[1];
}

const corpus = findCorpus();

describe("real stores", {
  skip: corpus === undefined && "RUNSTONE_CORPUS names no directory of real stores",
}, () => {
  for (const name of corpus === undefined ? [] : subdirectories(corpus)) {
    const directory = join(corpus!, name);
    if (!existsSync(join(directory, "truth.json"))) continue;

    test(`${name}: runs, points and digest`, () => {
      const truth = JSON.parse(readFileSync(join(directory, "truth.json"), "utf8")) as Truth;
      const crlf = { count: 0 };
      const root = join(directory, "mlruns");
      const runs = [...readRuns(root, "root", crlf), ...readRuns(root, "trash", crlf)];
      for (const experimentId of subdirectories(root)) {
        for (const modelId of subdirectories(join(root, experimentId, "models"))) {
          readMetrics(join(root, experimentId, "models", modelId, "metrics"), "model", crlf);
        }
      }
      const hash = createHash("sha256");
      for (const run of runs.sort(compareRunDigestEntries)) hash.update(serializeRunDigest(run));
      assert.equal(hash.digest("hex"), truth.digest_all_runs);
      assert.equal(crlf.count, truth.damage_counts.metric_crlf ?? 0);
      const points = runs
        .flatMap((run) => [...run.metrics.values()])
        .reduce((sum, metric) => sum + metric.points, 0);
      assert.equal(points, truth.totals.metric_points ?? 0);
    });

    test(`${name}: every meta.yaml and trace_info.yaml is read without help`, () => {
      for (const path of filesBelow(join(directory, "mlruns"))) {
        const parse = path.endsWith(".yaml") ? parserFor(path) : undefined;
        assert.doesNotThrow(() => parse?.(readFileSync(path)), path);
      }
    });
  }
});
