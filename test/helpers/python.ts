/**
 * Python for the tests that prove Runstone against Python programs: virtual environments with pinned packages from
 * PyPI, each built once and kept in a cache directory (`RUNSTONE_TEST_CACHE`, default `.cache` in the repository).
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import lockfile from "proper-lockfile";

const execute = promisify(execFile);

/** The repository: tests run compiled, from `dist/test/helpers`. */
export const REPOSITORY = fileURLToPath(new URL("../../../", import.meta.url));
const CACHE = process.env.RUNSTONE_TEST_CACHE ?? join(REPOSITORY, ".cache");
const CANDIDATES = ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"];

export interface PythonPackages {
  /** Names the environment in the cache directory. */
  readonly name: string;
  /** The oldest Python it needs, `3.10` as `[3, 10]`; 3.9 when absent. */
  readonly minimum?: readonly [number, number];
  /** pip requirements, pinned. */
  readonly requirements: readonly string[];
  /** A file of pip constraints that pins what these packages pull in. Left aside where this Python cannot use it. */
  readonly constraints?: string;
}

/** An interpreter, or why there is none: given to node:test as `{ skip }`. */
export type Python = { readonly python: string; readonly skip: false } | { readonly skip: string };

/** PyYAML alone: the judge of what our YAML writer produces. */
export const PYYAML: PythonPackages = { name: "pyyaml", requirements: ["pyyaml==6.0.3"] };

/**
 * The interpreter of an environment that holds the given packages, built on first use. Where Python or PyPI is missing:
 * a reason to skip, said once and loudly; under `CI=true` an error.
 */
export async function pythonWith(packages: PythonPackages): Promise<Python> {
  try {
    return { python: await environmentOf(packages), skip: false };
  } catch (error) {
    const skip = `no Python environment "${packages.name}": ${(error as Error).message.trim()}`;
    if (process.env.CI === "true") throw new Error(skip, { cause: error });
    console.warn(`\n!!! SKIPPED: ${skip}\n`);
    return { skip };
  }
}

async function environmentOf(packages: PythonPackages): Promise<string> {
  const base = await findPython(packages.minimum ?? [3, 9]);
  const directory = join(CACHE, "python", `${packages.name}-${keyOf(packages, base.version)}`);
  const python = join(
    directory,
    ...(process.platform === "win32" ? ["Scripts", "python.exe"] : ["bin", "python"]),
  );
  const ready = join(directory, "ready");
  if (existsSync(ready)) return python;
  mkdirSync(directory, { recursive: true });
  const unlock = await lockfile.lock(directory, { stale: 60_000, retries: { retries: 600, factor: 1 } });
  try {
    if (!existsSync(ready)) await build({ base: base.path, directory, python, packages });
    writeFileSync(ready, "");
  } finally {
    await unlock();
  }
  return python;
}

function keyOf({ requirements, constraints }: PythonPackages, version: string): string {
  const pins = constraints === undefined ? "" : readFileSync(constraints, "utf8");
  return createHash("sha256")
    .update(JSON.stringify([version, requirements, pins]))
    .digest("hex")
    .slice(0, 12);
}

interface Build {
  readonly base: string;
  readonly directory: string;
  readonly python: string;
  readonly packages: PythonPackages;
}

async function build({ base, directory, python, packages }: Build): Promise<void> {
  const started = Date.now();
  await execute(base, ["-m", "venv", "--clear", directory]);
  const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
  const pinned = packages.constraints === undefined ? [] : ["--constraint", packages.constraints];
  try {
    await execute(python, [...install, ...pinned, ...packages.requirements]);
  } catch (error) {
    if (pinned.length === 0) throw error;
    console.warn(`!!! ${packages.name}: the pinned versions do not install here, taking what pip chooses`);
    await execute(python, [...install, ...packages.requirements]);
  }
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.warn(`built the Python environment ${packages.name} in ${seconds} s`);
}

async function findPython(minimum: readonly [number, number]): Promise<{ path: string; version: string }> {
  const named = process.env.RUNSTONE_TEST_PYTHON;
  for (const path of named === undefined ? CANDIDATES : [named]) {
    const version = await versionOf(path);
    if (version !== null && atLeast(version, minimum)) return { path, version };
  }
  throw new Error(`Python ${minimum.join(".")} or newer is not on PATH`);
}

async function versionOf(path: string): Promise<string | null> {
  const script = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])";
  try {
    return (await execute(path, ["-c", script])).stdout.trim();
  } catch {
    return null; // not there, or without venv: the next candidate
  }
}

function atLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ours = 0, theirs = 0] = version.split(".").map(Number);
  return ours > major || (ours === major && theirs >= minor);
}
