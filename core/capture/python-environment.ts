import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type CommandPlace, isPyenvShim, pythonIn, upwards } from "./command-target.js";
import { findProgram, searchPath } from "./find-program.js";

/** A Python installation or virtual environment, known by its files; Python is not started. */
export interface PythonEnvironment {
  readonly interpreter: string;
  readonly prefix: string;
  /** As exact as the files tell: `3.11.4` or `3.11`; null when they do not. */
  readonly version: string | null;
  /** Directories that hold installed packages, in Python's order. */
  readonly siteDirectories: readonly string[];
  readonly conda: boolean;
  /** The virtual environment was made by uv. */
  readonly uv: boolean;
}

/** Describes the environment an interpreter belongs to. */
export function pythonEnvironment(path: string, place: CommandPlace): PythonEnvironment {
  const interpreter = behindPyenv(path, place) ?? path;
  const venv = findVenv(interpreter);
  const base = dirname(dirname(venv?.home ?? softRealpath(interpreter)));
  const prefix = venv?.prefix ?? base;
  const series = seriesOf([prefix, base], softRealpath(interpreter));
  const version = venv?.version ?? exactVersion(base, series) ?? series;
  const own = sitesOf(prefix, series);
  const shared =
    venv === null || venv.systemSite ? [...userSites(place, series), ...sitesOf(base, series)] : [];
  return {
    interpreter,
    prefix,
    version,
    siteDirectories: [...new Set([...own, ...shared])].filter((directory) => existsSync(directory)),
    conda: existsSync(join(prefix, "conda-meta")),
    uv: venv?.uv ?? false,
  };
}

interface Venv {
  readonly prefix: string;
  /** The base interpreter's path, as far as `home` tells. */
  readonly home: string;
  readonly version: string | null;
  readonly systemSite: boolean;
  readonly uv: boolean;
}

/** PEP 405: `pyvenv.cfg` lies beside the executable or one above, the link not followed. */
function findVenv(interpreter: string): Venv | null {
  for (const prefix of [dirname(interpreter), dirname(dirname(interpreter))]) {
    const text = readText(join(prefix, "pyvenv.cfg"));
    if (text !== null) return parseVenv(prefix, text, interpreter);
  }
  return null;
}

function parseVenv(prefix: string, text: string, interpreter: string): Venv {
  const values = new Map(
    text.split("\n").map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()] as const;
    }),
  );
  const home = values.get("home");
  const version = /^\d+\.\d+(?:\.\d+)?/.exec(values.get("version") ?? values.get("version_info") ?? "")?.[0];
  return {
    prefix,
    home: home ? softRealpath(join(home, basename(interpreter))) : softRealpath(interpreter),
    version: version ?? null,
    systemSite: values.get("include-system-site-packages")?.toLowerCase() === "true",
    uv: values.has("uv"),
  };
}

/** `3.11`, from the library's directory or the interpreter's real name. */
function seriesOf(prefixes: readonly string[], realInterpreter: string): string | null {
  const named = /^(?:python|pypy)(\d+\.\d+)/.exec(basename(realInterpreter))?.[1];
  if (named !== undefined) return named;
  const folders = prefixes.flatMap((prefix) => list(join(prefix, "lib")));
  const found = folders.flatMap((name) => /^(?:python|pypy)(\d+\.\d+)$/.exec(name)?.[1] ?? []);
  return found.length > 0 && new Set(found).size === 1 ? (found[0] ?? null) : null;
}

/** The exact version where an installation says it: in its directory's name, in conda's records, in its headers. */
function exactVersion(base: string, series: string | null): string | null {
  const named = /(?:^|-)(\d+\.\d+\.\d+(?:[abrc]+\d+)?)(?:-|$)/.exec(basename(base))?.[1];
  if (named !== undefined && (series === null || named.startsWith(`${series}.`))) return named;
  const record = list(join(base, "conda-meta")).find((name) => /^python-\d[\w.]*-[^-]+\.json$/.test(name));
  if (record !== undefined) return record.split("-")[1] ?? null;
  const header = readText(join(base, "include", `python${series}`, "patchlevel.h"));
  return /#define\s+PY_VERSION\s+"([^"]+)"/.exec(header ?? "")?.[1] ?? null;
}

/** site-packages of CPython, PyPy and Windows; dist-packages of Debian. */
function sitesOf(prefix: string, series: string | null): readonly string[] {
  if (process.platform === "win32") return [join(prefix, "Lib", "site-packages")];
  const folders =
    series === null ? [] : [`lib/python${series}`, `lib64/python${series}`, `lib/pypy${series}`];
  const sites = folders.map((folder) => join(prefix, folder, "site-packages"));
  if (prefix !== "/usr" && prefix !== "/") return sites;
  const debian = [`/usr/local/lib/python${series}/dist-packages`, "/usr/lib/python3/dist-packages"];
  return [...debian, `/usr/local/lib/python${series}/site-packages`, ...sites];
}

function userSites({ env }: CommandPlace, series: string | null): readonly string[] {
  const home = env.PYTHONUSERBASE ?? (env.HOME ? join(env.HOME, ".local") : undefined);
  if (home === undefined || env.PYTHONNOUSERSITE || series === null) return [];
  return [join(home, "lib", `python${series}`, "site-packages")];
}

/** What a shim of pyenv would start: `PYENV_VERSION`, the nearest `.python-version`, then the global one. */
function behindPyenv(path: string, place: CommandPlace): string | null {
  if (!isPyenvShim(path)) return null;
  const root = place.env.PYENV_ROOT ?? dirname(dirname(path));
  for (const version of pyenvVersions(root, place)) {
    if (version === "system") return outsideShims(basename(path), place, dirname(path));
    const folder = matchingVersion(root, version);
    const found = folder === null ? null : pythonIn(join(root, "versions", folder));
    if (found !== null) return found;
  }
  return null;
}

function pyenvVersions(root: string, { env, cwd }: CommandPlace): readonly string[] {
  const local = upwards(cwd).map((directory) => readText(join(directory, ".python-version")));
  const text =
    env.PYENV_VERSION?.replaceAll(":", "\n") ||
    local.find(Boolean) ||
    readText(join(root, "version")) ||
    "system";
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** `3.11` stands for the newest installed `3.11.x`. */
function matchingVersion(root: string, version: string): string | null {
  const names = list(join(root, "versions"));
  if (names.includes(version)) return version;
  const patch = (name: string): number => Number(name.slice(version.length + 1));
  const matching = names.filter((name) => name.startsWith(`${version}.`) && Number.isInteger(patch(name)));
  return matching.sort((a, b) => patch(a) - patch(b)).at(-1) ?? null;
}

function outsideShims(name: string, { env }: CommandPlace, shims: string): string | null {
  const delimiter = process.platform === "win32" ? ";" : ":";
  const PATH = searchPath(env)
    .filter((entry) => entry !== shims)
    .join(delimiter);
  return findProgram(name, { ...env, PATH });
}

function softRealpath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
