import { RunstoneError } from "./errors.js";
import { MAX_COMPONENT_BYTES, MAX_KEY_LENGTH } from "./limits.js";
import { codePointLength, compareCodePoints, utf8Length } from "./text.js";

/** What a key belongs to; only for messages. */
export type KeyKind = "metric" | "param" | "tag";

/** MLflow's `^[/\w.\- :]*$`, without the line break that Python's `$` lets pass at the end. */
const KEY_CHARACTERS = /^[/\p{L}\p{N}_.\- :]+$/u;
const STRAY_NAMES = new Set([
  ".gitkeep",
  ".keep",
  ".gitignore",
  ".gitattributes",
  ".DS_Store",
  "Thumbs.db",
  "desktop.ini",
]);
const STRAY_ENDS = ["~", ".swp", ".orig", ".rej", ".tmp", ".bak"];
const WINDOWS_DEVICE =
  /^(?:con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3]|conin\$|conout\$)(?: *\..*| *)$/i;

/**
 * MLflow's rule for keys, which it applies to every file name on reading too: allowed characters, a normalised relative
 * path that does not begin with `..`. What fails here is no entry.
 */
export function isReadableKey(key: string): boolean {
  if (!KEY_CHARACTERS.test(key) || key.startsWith("..")) return false;
  return key.split("/").every((component) => component !== "" && component !== "." && component !== "..");
}

/** A file of some tool among metrics, params or tags: never an entry. `path` is relative to `metrics/` or its like. */
export function isStrayEntry(path: string): boolean {
  const components = path.split("/");
  const name = components[components.length - 1]!;
  if (STRAY_NAMES.has(name) || name.startsWith("._")) return true;
  return STRAY_ENDS.some((end) => name.endsWith(end)) || components.includes(".ipynb_checkpoints");
}

/**
 * What may be written as a key: MLflow's rule, its length of 250, components that a file system can hold, and no name
 * that would be taken for a stray file on reading or that Git refuses. Throws INVALID_PARAMETER_VALUE.
 *
 * Names that only Windows refuses (`loss/aux`, `a:b`) are written: see {@link windowsProblem}.
 */
export function checkKey(key: string, kind: KeyKind): void {
  const reason = keyProblem(key);
  if (reason === undefined) return;
  const shown = JSON.stringify(codePointLength(key) > 80 ? `${key.slice(0, 80)}...` : key);
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `${shown} cannot be the key of a ${kind}: it ${reason}`,
    {
      hint: "Keys are made of letters, digits, _ - . : blanks, and / between the parts.",
      data: { key, reason },
    },
  );
}

function keyProblem(key: string): string | undefined {
  if (key === "") return "is empty";
  if (codePointLength(key) > MAX_KEY_LENGTH) return `is longer than ${MAX_KEY_LENGTH} characters`;
  const character = Array.from(key).find((point) => !KEY_CHARACTERS.test(point));
  if (character !== undefined) return `holds the character ${JSON.stringify(character)}`;
  if (!isReadableKey(key)) return "has an empty part, or one that is . or .., or begins with / or ..";
  if (isStrayEntry(key)) return "looks like a file that other tools leave behind";
  return key
    .split("/")
    .map(componentProblem)
    .find((problem) => problem !== undefined);
}

function componentProblem(component: string): string | undefined {
  if (utf8Length(component) > MAX_COMPONENT_BYTES)
    return `has a part longer than ${MAX_COMPONENT_BYTES} bytes`;
  if (component.trim() === "") return "has a part of blanks only";
  return component.toLowerCase() === ".git" ? "has a part that Git keeps for itself" : undefined;
}

/** Why Windows cannot hold a file of this relative path, `undefined` when it can. */
export function windowsProblem(path: string): string | undefined {
  return path
    .split("/")
    .map(windowsComponentProblem)
    .find((problem) => problem !== undefined);
}

function windowsComponentProblem(component: string): string | undefined {
  if (/[<>:"|?*\\\u0000-\u001f]/.test(component)) return "holds a character that Windows does not allow";
  if (WINDOWS_DEVICE.test(component)) return "is the name of a device on Windows";
  return /[. ]$/.test(component) ? "ends in a dot or blank, which Windows drops" : undefined;
}

/** Path of a key's file below `metrics/`, `params/` or `tags/`, `/` between components. */
export function keyToPath(key: string): string {
  return key;
}

/** The key of a file, by its path below `metrics/`, `params/` or `tags/`. */
export function pathToKey(path: string): string {
  return path;
}

/**
 * Whether two different keys cannot live side by side: `path` when one is a directory of the other (`loss`,
 * `loss/train`), which fails everywhere; `twin` when they fall together once case and Unicode form do not count, which
 * fails on macOS and Windows.
 */
export function keysClash(a: string, b: string): "path" | "twin" | undefined {
  if (a === b) return undefined;
  if (isWithin(a, b) || isWithin(b, a)) return "path";
  const [x, y] = [foldKey(a), foldKey(b)];
  return x === y || isWithin(x, y) || isWithin(y, x) ? "twin" : undefined;
}

function isWithin(parent: string, path: string): boolean {
  return path.startsWith(parent) && path[parent.length] === "/";
}

/** The form in which keys are compared where neither case nor Unicode form counts. */
export function foldKey(key: string): string {
  return key.normalize("NFC").toUpperCase().toLowerCase().normalize("NFC");
}

/** All clashes among many keys at once, in time n log n. */
export function findKeyClashes(keys: Iterable<string>): { readonly a: string; readonly b: string }[] {
  const byFold = new Map<string, string>();
  const clashes: { a: string; b: string }[] = [];
  for (const b of [...keys].sort(compareCodePoints)) {
    const fold = foldKey(b);
    const a = byFold.get(fold);
    if (a !== undefined) clashes.push({ a, b });
    else byFold.set(fold, b);
  }
  for (const [fold, b] of byFold) {
    for (let slash = fold.indexOf("/"); slash >= 0; slash = fold.indexOf("/", slash + 1)) {
      const a = byFold.get(fold.slice(0, slash));
      if (a !== undefined) clashes.push({ a, b });
    }
  }
  return clashes;
}
