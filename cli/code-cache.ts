/**
 * The compiled code of a file of the binary, kept beside that file as Python keeps its `.pyc`: a hot command then starts
 * a quarter sooner. Who can write there can change the program itself, so what is kept is trusted no more than that: it
 * must be the property of the program's owner. Without it, or where it cannot be kept, everything works, only slower.
 */
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Script } from "node:vm";

export interface ProgramFile {
  /** Absolute path of a CommonJS file, ASCII only. Instead of `import()`, which V8 does not keep, it calls `importBeside`. */
  readonly path: string;
  /** Of its content: V8 tells two sources apart by their length alone. */
  readonly digest: string;
  readonly require: NodeJS.Require;
}

/** Others than the owner may not write. */
const KEPT_MODE = 0o644;
/** A run may take days: V8 forgets code that is not used, so what is kept is what was compiled by then. */
const KEEP_AFTER_MS = 1000;

/** Runs the file as `require` would and gives what it exports. */
export function loadProgramFile({ path, digest, require }: ProgramFile): unknown {
  const source = readFileSync(path, "latin1");
  const kept = `${path}.${digest}.${process.version}-${process.arch}.cache`;
  const compiled = isSwitchedOff() ? null : readKept(kept, path);
  const wrapped = `(function (exports, require, module, __filename, __dirname, importBeside) {${source}\n})`;
  const script = new Script(wrapped, {
    filename: path,
    ...(compiled === null ? {} : { cachedData: compiled }),
  });
  const module = { exports: {} };
  const directory = dirname(path);
  const importBeside = (name: string): Promise<unknown> => import(pathToFileURL(join(directory, name)).href);
  script.runInThisContext()(module.exports, require, module, path, directory, importBeside);
  if (compiled === null && !isSwitchedOff()) keepLater(script, kept);
  return module.exports;
}

/** Node's own switch; and a coverage report needs code that was compiled for it. */
function isSwitchedOff(): boolean {
  return Boolean(process.env.NODE_DISABLE_COMPILE_CACHE || process.env.NODE_V8_COVERAGE);
}

/** Null when there is none that can be trusted. */
function readKept(kept: string, path: string): Buffer | null {
  try {
    const fd = openSync(kept, "r");
    try {
      const { uid, mode } = fstatSync(fd);
      if (uid !== statSync(path).uid || (mode & 0o022) !== 0) return null;
      return firstOfTwins(readFileSync(fd));
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}

/**
 * V8 does not notice a flipped bit and may hang on it. The file holds the same bytes twice: to compare them takes 0.2 ms,
 * to load a checksum's module several.
 */
function firstOfTwins(bytes: Buffer): Buffer | null {
  const half = bytes.length / 2;
  const [first, second] = [bytes.subarray(0, half), bytes.subarray(half)];
  return first.equals(second) ? first : null;
}

/** After a while or at the end, whichever comes first: by then the functions that a start needs are compiled. */
function keepLater(script: Script, kept: string): void {
  let done = false;
  const keep = (): void => {
    if (!done) keepQuietly(script, kept);
    done = true;
  };
  setTimeout(keep, KEEP_AFTER_MS).unref();
  process.once("exit", (code) => {
    if (code === 0) keep();
  });
}

/** The program works without: whatever keeps us from writing is no failure. */
function keepQuietly(script: Script, kept: string): void {
  try {
    if (isOurs(dirname(kept))) writeWhole(kept, script.createCachedData());
  } catch {
    // Next time.
  }
}

/** Root must not leave its files in the installation of somebody else. */
function isOurs(directory: string): boolean {
  if (statSync(directory).uid !== process.geteuid?.()) return false;
  accessSync(directory, constants.W_OK);
  return true;
}

/** Appears complete and durable, or not at all. */
function writeWhole(path: string, bytes: Buffer): void {
  const temporary = `${path}.${process.pid}`;
  const fd = openSync(temporary, "wx", KEPT_MODE);
  try {
    try {
      writeFileSync(fd, Buffer.concat([bytes, bytes]));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
}
