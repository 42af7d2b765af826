/** npm packages that only a test needs, installed once into the cache; `skip` says why they cannot be had. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "./python.js";

export interface NpmPackages {
  /** Where `node_modules` lies; empty when skipped. */
  readonly directory: string;
  readonly skip: string | false;
}

/** Installs pinned packages (`name@version`) from the registry, without running their scripts. */
export function npmPackages(name: string, packages: readonly string[]): NpmPackages {
  const cache = process.env.RUNSTONE_TEST_CACHE ?? join(REPOSITORY, ".cache");
  const directory = join(cache, `npm-${name}`);
  if (existsSync(join(directory, "done"))) return { directory, skip: false };
  const draft = `${directory}-${process.pid}`;
  mkdirSync(draft, { recursive: true });
  writeFileSync(join(draft, "package.json"), "{}");
  const { status, stderr } = spawnSync("npm", ["install", "--ignore-scripts", "--no-save", ...packages], {
    cwd: draft,
    encoding: "utf8",
  });
  if (status !== 0) {
    rmSync(draft, { recursive: true, force: true });
    return refuse(
      `TESTS WITH ${packages.join(", ")} SKIPPED: the npm registry cannot be reached: ${stderr.slice(-200)}`,
    );
  }
  writeFileSync(join(draft, "done"), "");
  if (existsSync(directory)) rmSync(draft, { recursive: true });
  else renameSync(draft, directory);
  return { directory, skip: false };
}

function refuse(reason: string): NpmPackages {
  console.error(reason);
  assert.notEqual(process.env.CI, "true", reason);
  return { directory: "", skip: reason };
}
