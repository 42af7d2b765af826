/** A process whose peak memory is measured. Arguments: directory, what, size or path. Prints its peak in KiB. */
import { join } from "node:path";
import { openRunTable } from "../core/index/open-run-table.js";
import { createFileStore, type FileRunWriter, type FileStore } from "../core/index.js";
import { searchRunTable } from "../core/search/search-runs.js";
import { openContext } from "../core/store/open-context.js";

const [directory = "", what = "", given = ""] = process.argv.slice(2);
const store = createFileStore({ cwd: directory, path: "mlruns" });

async function begin(): Promise<FileRunWriter> {
  const { info } = await store.createRun({ experimentId: "0" });
  return store.openRun(info.runId);
}

async function passPoints(store: FileStore, count: number): Promise<void> {
  const writer = await begin();
  for (let step = 0; step < count; step += 1)
    writer.logMetrics([{ key: "loss", value: step * 0.37, step, timestamp: 1_700_000_000_000 + step }]);
  await writer.end({ status: "FINISHED" });
  let read = 0;
  for await (const _ of store.getMetricHistory(writer.runId, "loss")) read += 1;
  if (read !== count) throw new Error(`${read} of ${count} points came back`);
}

async function passFile(store: FileStore, source: string): Promise<void> {
  const writer = await begin();
  writer.logArtifactFile(source, "large.bin");
  await writer.end({ status: "FINISHED" });
  await store.artifacts.download({ runId: writer.runId }, "large.bin", join(directory, "copy.bin"));
}

/** Every point of the store; the file is removed by who made the directory. */
async function passExport(format: string): Promise<void> {
  const argv = ["export", "--store", "mlruns", "--metrics", "--format", format, "-o", `points.${format}`];
  // Only here: the idle process has not loaded it.
  const { runProgram } = await import("../cli/program.js");
  await runProgram({ argv, cwd: directory, env: { XDG_CACHE_HOME: directory } });
}

if (what === "export") await passExport(given);
interface Searching {
  readonly what: "build" | "search";
  /** Directory of the index. */
  readonly index: string;
  readonly filter: string;
  readonly orderBy: readonly string[];
  readonly limit: number;
}

/** Here the directory is that of the store. */
function search({ what, index, filter, orderBy, limit }: Searching): void {
  const context = openContext({
    cwd: directory,
    path: directory,
    indexDirectory: index,
    now: Date.now,
    warn() {},
  });
  const table = openRunTable(context, { refresh: what === "build" ? "auto" : "none" });
  const found = searchRunTable(table, {
    filter,
    orderBy,
    dialect: "mlflow",
    maxResults: limit,
    now: Date.now(),
  });
  for (const row of found.rows) table.runAt(row);
}

if (what === "search") search(JSON.parse(given));
if (what === "points") await passPoints(store, Number(given));
if (what === "file") await passFile(store, given);
process.stdout.write(String(process.resourceUsage().maxRSS));
