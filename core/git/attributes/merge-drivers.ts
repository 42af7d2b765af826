/**
 * Our merge drivers in one clone: the driver in `.git/config`, the files it is for in `.git/info/attributes`, which wins over
 * what is committed. Nothing of this is committed: an unknown driver would leave conflict markers in values.
 */
import { dirname, join } from "node:path";
import { shellQuote } from "../../capture/shell-words.js";
import {
  ensureDirectory,
  readBytesIfExists,
  realPathIfExists,
  removeFile,
  replaceFile,
} from "../../fs/index.js";
import { pathInRepository } from "../path-in-repository.js";
import type { Repository } from "../repository.js";
import { recordAttributes } from "./record-patterns.js";

export interface MergeDriverPlace {
  readonly repository: Repository;
  /** Absolute path of the store's root. */
  readonly root: string;
}

export interface MergeDriverOptions extends MergeDriverPlace {
  /** How Runstone is started: program and arguments, before those of `merge-file`. */
  readonly command: readonly string[];
}

export type InstalledDrivers =
  /** Nothing was written: the store is outside of the work tree, or the repository ignores it. */
  "not_committed" | "there_already" | "installed";

const MAX_ATTRIBUTES_BYTES = 1 << 24;
const SECTION = "merge.runstone";

/** Can be repeated; what others wrote into either file stays. Rejects with GIT_FAILED, throws typed I/O errors. */
export async function installMergeDrivers(options: MergeDriverOptions): Promise<InstalledDrivers> {
  const { repository } = options;
  const path = pathInRepository(repository, options.root);
  if (path === null || (await isIgnored(repository, path))) return "not_committed";
  const hasSettings = await writeSettings(repository, options.command);
  const lines = recordAttributes(path, "merge=runstone").map(byteText);
  const hasLines = editAttributes(repository, (text) => withBlock(text, path, lines));
  return hasSettings || hasLines ? "installed" : "there_already";
}

/** Takes the lines of this store away, and the driver when no store has lines any more. */
export async function removeMergeDrivers(place: MergeDriverPlace): Promise<void> {
  const { repository } = place;
  const path = pathInRepository(repository, place.root);
  if (path !== null) editAttributes(repository, (text) => withoutBlock(text, path));
  if (readAttributes(repository).includes(BEGIN)) return;
  // 128: there is no such section.
  await repository.git(["config", "--local", "--remove-section", SECTION], { answers: [0, 128] });
}

/** As in a home directory whose repository holds a few files and ignores the rest. */
async function isIgnored(repository: Repository, path: string): Promise<boolean> {
  if (path === "") return false;
  const { exitCode } = await repository.git(["check-ignore", "-q", "--", path], { answers: [0, 1] });
  return exitCode === 0;
}

/** True: something was written. */
async function writeSettings(repository: Repository, command: readonly string[]): Promise<boolean> {
  const wanted: Readonly<Record<string, string>> = {
    [`${SECTION}.name`]: "runs of Runstone, by record",
    [`${SECTION}.driver`]: `${command.map(shellWord).join(" ")} merge-file -- %O %A %B %P`,
    // Of two bases in a criss-cross: a merge of conflicts would be taken for what both sides had.
    [`${SECTION}.recursive`]: "binary",
  };
  const answer = await repository.git(["config", "--local", "-z", "--get-regexp", "^merge\\.runstone\\."], {
    answers: [0, 1],
  });
  const there = new Set(answer.stdout.toString("utf8").split("\0"));
  const missing = Object.entries(wanted).filter(([key, value]) => !there.has(`${key}\n${value}`));
  for (const [key, value] of missing)
    await repository.git(["config", "--local", "--replace-all", key, value]);
  return missing.length > 0;
}

/** A word for `sh`, in which Git replaces no `%`. */
function shellWord(word: string): string {
  return shellQuote(word.replaceAll("%", "%%"));
}

const BEGIN = "# runstone begin: ";
const END = "# runstone end: ";

function withBlock(text: string, path: string, lines: readonly string[]): string {
  const name = byteText(JSON.stringify(path));
  const rest = withoutBlock(text, path);
  const end = rest === "" || rest.endsWith("\n") ? "" : "\n";
  return `${rest}${end}${[`${BEGIN}${name}`, ...lines, `${END}${name}`].join("\n")}\n`;
}

function withoutBlock(text: string, path: string): string {
  const name = byteText(JSON.stringify(path));
  const lines = text.split("\n");
  const begin = lines.indexOf(`${BEGIN}${name}`);
  const end = lines.indexOf(`${END}${name}`, begin);
  if (begin < 0 || end < 0) return text;
  lines.splice(begin, end - begin + 1);
  return lines.join("\n");
}

/** In the directory that all linked work trees share. A symbolic link stays one. */
function attributesPath({ commonDir }: Repository): string {
  const path = join(commonDir, "info", "attributes");
  return realPathIfExists(path) ?? path;
}

/** One character a byte: lines of others may hold names in any encoding. */
function byteText(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

function readAttributes(repository: Repository): string {
  const bytes = readBytesIfExists(attributesPath(repository), MAX_ATTRIBUTES_BYTES);
  return bytes === null ? "" : Buffer.from(bytes).toString("latin1");
}

function editAttributes(repository: Repository, edit: (text: string) => string): boolean {
  const path = attributesPath(repository);
  const before = readAttributes(repository);
  const after = edit(before);
  if (after === before) return false;
  ensureDirectory(dirname(path));
  if (after === "") removeFile(path);
  else replaceFile(path, Buffer.from(after, "latin1"), { temporaryIn: dirname(path), sync: true });
  return true;
}
