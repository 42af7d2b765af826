/** What a run's capture says of its machine and its packages: `runstone/environment.json` and the list of packages. */
import { decodeText, type StringMap } from "../../store-format/index.js";
import type { RunFiles } from "./run-files.js";

const ENVIRONMENT = "runstone/environment.json";
const PACKAGES = ["runstone/requirements.txt", "runstone/packages.txt"] as const;
const PATCH = "runstone/git.patch";
const MAX_BYTES = 16 << 20;
const MAX_DEPTH = 8;
/** Compared as tags or as code, or different between any two runs. */
const LEFT_OUT = new Set(["user", "host", "cwd", "command", "missing", "nodeVersion"]);

/** Artifacts that are compared piece by piece. */
export const CAPTURED_PATHS: ReadonlySet<string> = new Set([
  ENVIRONMENT,
  ...PACKAGES,
  PATCH,
  "runstone/git.json",
]);

/** The changes that were in no commit, by the hash of their patch. Empty for a clean work tree. */
export function capturedPatch(files: RunFiles): StringMap {
  const digest = files.digest(PATCH, true);
  return digest?.sha256 == null ? {} : { "uncommitted changes": `sha256:${digest.sha256.slice(0, 16)}` };
}

/** The leaves of the captured environment by their path: `cpuModel`, `seeds.PYTHONHASHSEED`. Empty when there is none. */
export function capturedEnvironment(files: RunFiles): StringMap {
  const leaves: Record<string, string> = Object.create(null);
  const value = parseJson(files.read(ENVIRONMENT, MAX_BYTES));
  if (typeof value !== "object" || value === null) return leaves;
  for (const [key, inner] of Object.entries(value)) if (!LEFT_OUT.has(key)) collect(inner, key, 1, leaves);
  return leaves;
}

/** Versions by name of the captured packages. Empty when there is no list. */
export function capturedPackages(files: RunFiles): StringMap {
  const versions: Record<string, string> = Object.create(null);
  for (const path of PACKAGES) {
    const bytes = files.read(path, MAX_BYTES);
    if (bytes === null) continue;
    for (const line of decodeText(bytes).value.split("\n")) {
      // `name==1.0`, `name=1.0`, `@scope/name@1.0`
      const parts = /^(@?[^=@\s]+)(?:==?|@)(\S+)$/.exec(line.trim());
      if (parts !== null) versions[parts[1]!] = parts[2]!;
    }
  }
  return versions;
}

/** A file that is no JSON is not ours: it tells nothing. */
function parseJson(bytes: Buffer | null): unknown {
  if (bytes === null) return null;
  try {
    return JSON.parse(decodeText(bytes).value) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function collect(value: unknown, path: string, depth: number, leaves: Record<string, string>): void {
  if (value === null || value === undefined) return;
  if (typeof value !== "object" || depth === MAX_DEPTH) {
    leaves[path] = typeof value === "object" ? JSON.stringify(value) : String(value);
    return;
  }
  for (const [key, inner] of Object.entries(value)) collect(inner, `${path}.${key}`, depth + 1, leaves);
}
