/**
 * A program that searches a store by its index. Argument: an {@link IndexTask} as JSON. Prints `ops <n>` at the end.
 */
import assert from "node:assert/strict";
import { rmSync, writeSync } from "node:fs";
import { intercept } from "../../core/fs/index.js";
import { isChanging } from "./changing-operations.js";
import { contextWith, filesIn, open, runsByFiles, runsIn } from "./indexed-runs.js";

export interface IndexTask {
  readonly root: string;
  readonly indexDirectory: string;
  /** How many times a program starts, searches and compares with the files. */
  readonly rounds: number;
  /** Kill this process at this changing operation, counted from 0, after a part of it when it is a write. */
  readonly dieAt?: number;
  /** Delete a file of the index after each round. */
  readonly spoils?: boolean;
}

let operations = 0;

function main({ root, indexDirectory, rounds, dieAt, spoils = false }: IndexTask): void {
  intercept({
    before(operation) {
      if (!isChanging(operation)) return undefined;
      operations += 1;
      if (operations - 1 !== dieAt) return undefined;
      if (operation.name !== "write") process.kill(process.pid, "SIGKILL");
      return { writeAtMost: Math.floor((operation.bytes?.length ?? 0) / 2) };
    },
    after() {
      if (operations - 1 === dieAt) process.kill(process.pid, "SIGKILL");
    },
  });
  for (let round = 0; round < rounds; round += 1) {
    const context = contextWith(root, indexDirectory);
    assert.deepStrictEqual(runsIn(open(context).table), runsByFiles(context));
    if (spoils) spoil(indexDirectory, round);
  }
  writeSync(1, `ops ${operations}\n`);
}

function spoil(indexDirectory: string, round: number): void {
  const files = filesIn(indexDirectory);
  const path = files[(round * 7) % files.length];
  if (path !== undefined) rmSync(path, { force: true });
}

main(JSON.parse(process.argv[2] ?? "") as IndexTask);
