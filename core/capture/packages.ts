import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import {
  type CommandPlace,
  type CommandTarget,
  commandTarget,
  pythonIn,
  readHead,
  upwards,
} from "./command-target.js";
import type { Env } from "./find-program.js";
import { type Missing, reasonOf } from "./missing.js";
import { type PythonEnvironment, pythonEnvironment } from "./python-environment.js";

export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
}

/** The packages the command can import, read from what the installers left on disk; nothing is started. */
export interface PackagesCapture {
  readonly kind: "pip" | "uv" | "conda" | "npm" | "none";
  readonly interpreter: string | null;
  readonly pythonVersion: string | null;
  /** Sorted by name; the first found of a name counts, as for Python's import. */
  readonly packages: readonly InstalledPackage[];
  /** Name of the nearest lock file. */
  readonly lockFile: string | null;
  /** SHA-256 of its bytes, in hex. */
  readonly lockHash: string | null;
  readonly missing: readonly Missing[];
}

export interface PackagesOptions {
  /** The command line, its program first. */
  readonly command: readonly string[];
  readonly env: Env;
  readonly cwd: string;
}

const NONE: PackagesCapture = {
  kind: "none",
  interpreter: null,
  pythonVersion: null,
  packages: [],
  lockFile: null,
  lockHash: null,
  missing: [],
};

/** Captures the installed packages. Never rejects. */
export async function capturePackages({ command, env, cwd }: PackagesOptions): Promise<PackagesCapture> {
  try {
    const place = { env, cwd };
    const target = commandTarget(command, place) ?? activeEnvironment(env);
    if (target === null) return without("the command starts no Python or Node that could be recognised");
    return target.runtime === "node" ? nodePackages(target, cwd) : pythonPackages(target, place);
  } catch (error) {
    return without(reasonOf(error));
  }
}

function without(reason: string): PackagesCapture {
  return { ...NONE, missing: [{ part: "packages", reason }] };
}

/** A shell script most likely uses the environment that is switched on. */
function activeEnvironment(env: Env): CommandTarget | null {
  const prefix = env.VIRTUAL_ENV || env.CONDA_PREFIX;
  const interpreter = prefix ? pythonIn(prefix) : null;
  return interpreter === null ? null : { runtime: "python", interpreter, uv: false };
}

function pythonPackages(target: CommandTarget, place: CommandPlace): PackagesCapture {
  if (target.interpreter === null) return without("the Python interpreter was not found on PATH");
  const python = pythonEnvironment(target.interpreter, place);
  const distributions = python.siteDirectories.flatMap(readSite);
  const packages = unique([...(python.conda ? readCondaMeta(python.prefix) : []), ...distributions]);
  return {
    kind: kindOf(target, python),
    interpreter: python.interpreter,
    pythonVersion: python.version,
    packages,
    ...findLock(place.cwd, [
      "uv.lock",
      "poetry.lock",
      "pdm.lock",
      "Pipfile.lock",
      "conda-lock.yml",
      "pixi.lock",
    ]),
    missing: packages.length > 0 ? [] : [{ part: "packages", reason: "no installed packages were found" }],
  };
}

function kindOf(target: CommandTarget, python: PythonEnvironment): "pip" | "uv" | "conda" {
  if (target.uv || python.uv) return "uv";
  return python.conda ? "conda" : "pip";
}

/** `*.dist-info` (PEP 376 and later) and `*.egg-info` of one directory. */
function readSite(directory: string): readonly InstalledPackage[] {
  return readdirSync(directory).flatMap((entry) => {
    const suffix = /\.(?:dist|egg)-info$/.exec(entry);
    if (suffix === null) return [];
    const file = suffix[0] === ".dist-info" ? join(entry, "METADATA") : eggMetadata(directory, entry);
    return parseMetadata(readHead(join(directory, file), 1024)) ?? parseDirectoryName(entry) ?? [];
  });
}

function eggMetadata(directory: string, entry: string): string {
  return statSync(join(directory, entry)).isDirectory() ? join(entry, "PKG-INFO") : entry;
}

function parseMetadata(text: string): InstalledPackage | null {
  const name = /^Name: *(\S+)/m.exec(text)?.[1];
  const version = /^Version: *(\S+)/m.exec(text)?.[1];
  return name && version ? { name, version } : null;
}

/** `name-1.0.dist-info`, `name-1.0-py3.11.egg-info`. */
function parseDirectoryName(entry: string): InstalledPackage | null {
  const match = /^(.+?)-(\d[^-]*)(?:-py[\d.]+)?\.(?:dist|egg)-info$/.exec(entry);
  return match ? { name: match[1] ?? "", version: match[2] ?? "" } : null;
}

/** `conda-meta/<name>-<version>-<build>.json` */
function readCondaMeta(prefix: string): readonly InstalledPackage[] {
  return readdirSync(join(prefix, "conda-meta")).flatMap((entry) => {
    const match = /^(.+)-([^-]+)-[^-]+\.json$/.exec(entry);
    return match ? [{ name: match[1] ?? "", version: match[2] ?? "" }] : [];
  });
}

/** Sorted, one per name; names are compared as PEP 503 says. */
function unique(packages: readonly InstalledPackage[]): readonly InstalledPackage[] {
  const byName = new Map<string, InstalledPackage>();
  for (const entry of packages) {
    const key = entry.name.toLowerCase().replace(/[-_.]+/g, "-");
    if (!byName.has(key)) byName.set(key, entry);
  }
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}

function nodePackages(target: CommandTarget, cwd: string): PackagesCapture {
  const root = upwards(cwd).find((directory) => existsSync(join(directory, "package.json")));
  const packages = root === undefined ? [] : readNodeModules(root);
  return {
    ...NONE,
    kind: "npm",
    interpreter: target.interpreter,
    packages: [...packages].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
    ...findLock(cwd, ["package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock"]),
    missing:
      root === undefined ? [{ part: "packages", reason: "no package.json above the working directory" }] : [],
  };
}

/** npm's record of what it installed, else the lock file, else the top level of `node_modules`. */
function readNodeModules(root: string): readonly InstalledPackage[] {
  for (const name of ["node_modules/.package-lock.json", "package-lock.json"]) {
    const found = readPackageLock(join(root, name));
    if (found !== null) return found;
  }
  return listNodeModules(join(root, "node_modules"));
}

function readPackageLock(path: string): readonly InstalledPackage[] | null {
  const lock = readJson(path);
  const packages = field(lock, "packages");
  if (typeof packages !== "object" || packages === null) return null;
  const entries = Object.entries(packages).flatMap(([place, entry]: [string, unknown]) => {
    const name = place.split("node_modules/").at(-1) ?? "";
    const version = field(entry, "version");
    if (!place.includes("node_modules/") || typeof version !== "string") return [];
    return [[`${name}@${version}`, { name, version }] as const];
  });
  return [...new Map(entries).values()];
}

function listNodeModules(directory: string): readonly InstalledPackage[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).filter((name) => !name.startsWith("."));
  const all = names.flatMap((name) =>
    name.startsWith("@") ? readdirSync(join(directory, name)).map((inner) => `${name}/${inner}`) : [name],
  );
  return all.flatMap((name) => {
    const version = field(readJson(join(directory, name, "package.json")), "version");
    return typeof version === "string" ? [{ name, version }] : [];
  });
}

const MAX_LOCK_BYTES = 32 * 1024 * 1024;

/** The nearest lock file upwards; one directory with several counts in the order given. */
function findLock(cwd: string, names: readonly string[]): Pick<PackagesCapture, "lockFile" | "lockHash"> {
  for (const directory of upwards(cwd)) {
    const path = names.map((name) => join(directory, name)).find((candidate) => existsSync(candidate));
    if (path !== undefined) return { lockFile: basename(path), lockHash: hashOf(path) };
  }
  return { lockFile: null, lockHash: null };
}

function hashOf(path: string): string | null {
  if (statSync(path).size > MAX_LOCK_BYTES) return null;
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}
