#!/usr/bin/env node
/** The binary. What scripts call in a loop must start fast: nothing is imported before it is needed. */
import { writeSync } from "node:fs";
import type { Invocation } from "./execute.js";
import { VERSION } from "./version.js";

/** Commands with a fast path; each is a file of its own (scripts/bundle.mjs). A second one is for what the first leaves. */
const HOT = {
  log: () => import("./hot/log.js"),
  "merge-file": () => import("./hot/merge-file.js"),
  pull: () => import("./hot/sync.js"),
  push: () => import("./hot/sync.js"),
  run: () => import("./hot/run.js"),
  runs: () => import("./hot/runs.js"),
  show: () => import("./hot/show.js"),
  sync: () => import("./hot/sync.js"),
  "--help": () => import("./hot/help.js"),
} as const;
const SECOND = {
  runs: () => import("./hot/runs-search.js"),
} as const;

async function main(invocation: Invocation): Promise<void> {
  const [first = ""] = invocation.argv;
  if (first === "--version" && invocation.argv.length === 1) {
    writeSync(1, `${VERSION}\n`);
    return;
  }
  const hot = Object.hasOwn(HOT, first) ? await HOT[first as keyof typeof HOT]() : undefined;
  if (await hot?.run(invocation)) return;
  const second = Object.hasOwn(SECOND, first) ? await SECOND[first as keyof typeof SECOND]() : undefined;
  if (await second?.run(invocation)) return;
  const { runProgram } = await import("./program.js");
  await runProgram(invocation);
}

void main({ argv: process.argv.slice(2), cwd: process.cwd(), env: process.env });
