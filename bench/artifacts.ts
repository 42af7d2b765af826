/** Ingest of a large artifact (log and seal) beside what anybody would do by hand: hash it and copy it. */

import { randomBytes } from "node:crypto";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createFileStore } from "../core/index.js";
import { inTurn, timeCommand, timed } from "./measure.js";
import { milliseconds, printRow } from "./table.js";

const MIB = 1 << 20;
const BAR = 1.2;

/** `place`: a directory on a real disk; a memory file system would hide the cost of copying. */
export async function benchArtifacts(place: string, mebibytes = 1024): Promise<void> {
  const directory = mkdtempSync(join(place, "runstone-bench-"));
  try {
    const source = join(directory, "model.bin");
    writeRandomFile(source, mebibytes);
    await ingest(directory, source, mebibytes);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function ingest(directory: string, source: string, mebibytes: number): Promise<void> {
  const store = createFileStore({ cwd: directory, path: "mlruns" });
  const byHand = (): number => {
    const copy = join(directory, "copy.bin");
    const time =
      timeCommand("openssl", ["dgst", "-sha256", source]) +
      timeCommand("cp", ["--reflink=auto", source, copy]);
    rmSync(copy);
    return time;
  };
  const logged = async (): Promise<number> => {
    const { info } = await store.createRun({ experimentId: "0" });
    const writer = await store.openRun(info.runId);
    const time = await timed(async () => {
      writer.logArtifactFile(source, "model.bin");
      await writer.end({ status: "FINISHED" });
    });
    rmSync(join(directory, "mlruns", "0", info.runId), { recursive: true });
    return time;
  };
  const { subject, baseline, ratio } = await inTurn(logged, byHand, 3);
  printRow({
    scenario: "artifact ingest: log, hash, seal, durable",
    size: `${mebibytes} MiB`,
    result: milliseconds(subject.median),
    baseline: `${milliseconds(baseline.median)} (\`openssl dgst -sha256\` + \`cp --reflink=auto\`)`,
    ratio: `${ratio.toFixed(2)}x`,
    bar: `<= ${BAR}x`,
    met: ratio <= BAR,
  });
}

export function writeRandomFile(path: string, mebibytes: number): void {
  const fd = openSync(path, "w");
  const block = randomBytes(MIB);
  for (let count = 0; count < mebibytes; count += 1) {
    block.writeUInt32LE(count, 0);
    writeSync(fd, block);
  }
  closeSync(fd);
}
