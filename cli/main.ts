#!/usr/bin/env node
/** The binary. What scripts call in a loop must start fast: nothing is imported before it is needed. */
import { writeSync } from "node:fs";
import { VERSION } from "./version.js";

const argv = process.argv.slice(2);

if (argv.length === 1 && argv[0] === "--version") {
  writeSync(1, `${VERSION}\n`);
} else {
  const { runProgram } = await import("./program.js");
  await runProgram({ argv, cwd: process.cwd(), env: process.env });
}
