/**
 * Start of the command line against a bare `node -e 0`, measured side by side (the order is shuffled in each round).
 * Prints the median and its ratio for each case; exits with 1 when a bar is missed and `--check` is given.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createFileStore } from "../core/index.js";

const BINARY = fileURLToPath(new URL("../bin/runstone.js", import.meta.url));
const RUNS = 1000;
const rounds = Number(process.argv.find((word) => /^\d+$/.test(word)) ?? 25);

interface Case {
  readonly name: string;
  readonly args: readonly string[];
  /** Highest ratio to `node -e 0`. */
  readonly bar: number;
}

const directory = mkdtempSync(join(tmpdir(), "runstone-bench-"));
try {
  const store = join(directory, "mlruns");
  const runId = await makeRuns(store);
  const cases: readonly Case[] = [
    { name: "node -e 0", args: ["-e", "0"], bar: 1 },
    { name: "--version", args: [BINARY, "--version"], bar: 1.5 },
    { name: "--help", args: [BINARY, "--help"], bar: 2.5 },
    {
      name: "log metric",
      args: [BINARY, "log", "metric", "loss=0.5", "--run", runId, "--store", store],
      bar: 2,
    },
    { name: `runs over ${RUNS} runs`, args: [BINARY, "runs", "--store", store], bar: 4 },
    {
      name: "show --json",
      args: [BINARY, "show", runId, "--json", "--store", store],
      bar: Number.POSITIVE_INFINITY,
    },
  ];
  process.exitCode = report(cases, measure(cases)) || !process.argv.includes("--check") ? 0 : 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** Runs with 6 params, 5 tags and 4 metrics each. */
async function makeRuns(path: string): Promise<string> {
  const store = createFileStore({ path, cwd: directory });
  let runId = "";
  for (let index = 0; index < RUNS; index += 1) {
    const params = Object.fromEntries(
      ["lr", "seed", "depth", "width", "loss", "data"].map((key) => [key, String(index)]),
    );
    const tags = Object.fromEntries(
      ["team", "host", "stage", "kind", "owner"].map((key) => [key, String(index % 7)]),
    );
    const { info } = await store.createRun({
      experimentId: "0",
      params,
      tags,
      startTime: 1_700_000_000_000 + index,
    });
    const metrics = ["loss", "acc", "val_loss", "val_acc"].map((key) => ({
      key,
      value: index,
      timestamp: 1,
      step: 1,
    }));
    const writer = await store.openRun(info.runId);
    writer.logMetrics(metrics);
    await writer.close();
    runId = info.runId;
  }
  return runId;
}

function measure(cases: readonly Case[]): ReadonlyMap<string, number> {
  const times = new Map<string, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, args } of [...cases].sort(() => Math.random() - 0.5)) {
      const list = times.get(name) ?? [];
      list.push(timeOf(args));
      times.set(name, list);
    }
  }
  return new Map([...times].map(([name, list]) => [name, median(list)]));
}

function timeOf(args: readonly string[]): number {
  // Node 20 parses these certificates at every start.
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const elapsed = Number(process.hrtime.bigint() - start) / 1e6;
  if (status !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
  return elapsed;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function report(cases: readonly Case[], medians: ReadonlyMap<string, number>): boolean {
  const base = medians.get("node -e 0")!;
  let good = true;
  for (const { name, bar } of cases) {
    const ratio = medians.get(name)! / base;
    const missed = ratio > bar;
    good &&= !missed;
    const verdict = bar === Number.POSITIVE_INFINITY ? "" : `bar ${bar}x${missed ? "  MISSED" : ""}`;
    process.stdout.write(
      `${name.padEnd(22)} ${medians.get(name)!.toFixed(1).padStart(7)} ms  ${ratio.toFixed(2)}x  ${verdict}\n`,
    );
  }
  return good;
}
