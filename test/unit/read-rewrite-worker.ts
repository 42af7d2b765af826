/** Fills a file as soon as it is told that the file was emptied. */
import { writeFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";

const { file, text, flag } = workerData as { file: string; text: string; flag: SharedArrayBuffer };
parentPort?.postMessage("ready");
Atomics.wait(new Int32Array(flag), 0, 0);
writeFileSync(file, text);
