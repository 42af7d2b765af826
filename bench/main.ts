/**
 * Prints the table of docs/benchmarks.md. Arguments: scenario names (default all); `--small` for a quick look, `--large`
 * for 100,000 runs to search.
 */
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { benchArtifacts } from "./artifacts.js";
import { benchFilters } from "./filters.js";
import { benchLogMetric } from "./log-metric.js";
import { benchMemory } from "./memory.js";
import { benchMlflow } from "./mlflow.js";
import { benchRunOverhead } from "./run-overhead.js";
import { benchSearch } from "./search.js";
import { benchSnapshot } from "./snapshot.js";
import { benchSync } from "./sync.js";
import { benchSyncMemory } from "./sync-memory.js";
import { benchSyncNative } from "./sync-native.js";
import { printHeader } from "./table.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    small: { type: "boolean", default: false },
    large: { type: "boolean", default: false },
    place: { type: "string", default: tmpdir() },
  },
});
delete process.env.NODE_EXTRA_CA_CERTS;

const scenarios: Readonly<Record<string, () => void | Promise<void>>> = {
  run: benchRunOverhead,
  "log-metric": benchLogMetric,
  mlflow: benchMlflow,
  artifacts: () => benchArtifacts(values.place, values.small ? 64 : 1024),
  search: async () => {
    for (const runs of values.large ? [100_000] : values.small ? [1_000] : [1_000, 10_000])
      await benchSearch(values.place, runs);
  },
  filters: () => benchFilters(values.place, values.small ? 1_000 : 10_000),
  snapshot: () =>
    benchSnapshot(values.small ? { files: 5_000, commits: 100 } : { files: 50_000, commits: 10_000 }),
  sync: () => benchSync(values.place, values.small ? { runs: 50, fewRuns: 2 } : { runs: 1_000, fewRuns: 10 }),
  "sync-native": () =>
    benchSyncNative(
      values.place,
      values.small ? { first: 100, unchanged: 1_000 } : { first: 1_000, unchanged: 10_000 },
    ),
  "sync-memory": () =>
    benchSyncMemory(
      values.place,
      values.small ? { runs: 500, points: 1_000_000 } : { runs: 5_000, points: 10_000_000 },
    ),
  memory: () =>
    benchMemory(
      values.place,
      values.small ? { points: 100_000, mebibytes: 64 } : { points: 10_000_000, mebibytes: 5120 },
    ),
};

printHeader();
for (const [name, scenario] of Object.entries(scenarios))
  if (positionals.length === 0 || positionals.includes(name)) await scenario();
