/** Memory while much passes through: the peak of a process of its own, beside an idle one. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeRandomFile } from "./artifacts.js";
import { cleanEnvironment } from "./measure.js";
import { printRow } from "./table.js";

/** What "flat" allows over an idle process that has loaded the store. */
const ALLOWED_MIB = 150;

export function benchMemory(
  place: string,
  sizes: { readonly points: number; readonly mebibytes: number },
): void {
  const directory = mkdtempSync(join(place, "runstone-bench-"));
  try {
    const idle = peakOf(directory, ["idle", "0"]);
    report(
      "points logged, sealed and read back",
      `${sizes.points.toLocaleString("en")} points`,
      idle,
      peakOf(directory, ["points", String(sizes.points)]),
    );
    for (const format of ["csv", "parquet"])
      report(
        `points exported as ${format}`,
        `${sizes.points.toLocaleString("en")} points`,
        idle,
        peakOf(directory, ["export", format]),
      );
    const source = join(directory, "large.bin");
    writeRandomFile(source, sizes.mebibytes);
    report(
      "file logged, sealed and downloaded",
      `${sizes.mebibytes} MiB`,
      idle,
      peakOf(directory, ["file", source]),
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function report(scenario: string, size: string, idle: number, peak: number): void {
  printRow({
    scenario: `memory: ${scenario}`,
    size,
    result: `${Math.round(peak)} MiB at most`,
    baseline: `${Math.round(idle)} MiB (idle)`,
    ratio: `+${Math.round(peak - idle)} MiB`,
    bar: `flat (<= +${ALLOWED_MIB} MiB)`,
    met: peak - idle <= ALLOWED_MIB,
  });
}

/** Peak resident memory of a run of memory-child, in MiB, as the operating system counted it. */
export function peakOf(directory: string, args: readonly string[]): number {
  const child = fileURLToPath(new URL("memory-child.js", import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, [child, directory, ...args], {
    env: cleanEnvironment(),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout) / 1024;
}
