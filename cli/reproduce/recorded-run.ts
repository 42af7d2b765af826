/** What a run tells about how it was started. */
import { realpathSync } from "node:fs";
import { relative, sep } from "node:path";
import { SEED_NAMES } from "../../core/capture/environment.js";
import { readShellLine } from "../../core/capture/shell-words.js";
import { RunFiles } from "../../core/compare/run-files.js";
import { locationOf } from "../../core/search/run-location.js";
import type { RunRecord } from "../../core/search/run-record.js";
import { OPTIONS_TAG, readOptions } from "../run/options-tag.js";
import type { OpenPlace } from "../store/open-place.js";

export interface RecordedRun {
  /** Secrets replaced. Null: none was recorded. */
  readonly command: readonly string[] | null;
  /** The top of the work tree where it ran. Null: not known. */
  readonly root: string | null;
  readonly cwd: string | null;
  /** Allow-listed variables that decide whether a run repeats. Null: not recorded. */
  readonly variables: Readonly<Record<string, string>> | null;
  /** Options of `runstone run`, one a word. */
  readonly options: readonly string[];
  readonly pythonVersion: string | null;
  /** The packages of pip or uv, `name==version` a line. Null: none was recorded. */
  readonly requirements: string | null;
}

const MAX_BYTES = 16 << 20;

/** Artifacts come from anybody: whatever has another shape than ours is as if it were not there. */
export function readRecordedRun(run: RunRecord, { context }: OpenPlace): RecordedRun {
  const files = new RunFiles(context, locationOf(run));
  const environment = objectIn(files.read("runstone/environment.json", MAX_BYTES));
  const git = objectIn(files.read("runstone/git.json", MAX_BYTES));
  const { tags } = run;
  const runtime = asObject(environment?.runtime);
  return {
    command: textsOf(environment?.command) ?? readShellLine(tags["runstone.command"] ?? "\0"),
    root: textOf(git?.root),
    cwd: textOf(environment?.cwd) ?? tags["runstone.cwd"] ?? null,
    variables: environment === null ? null : variablesOf(environment.seeds),
    options: readOptions(tags[OPTIONS_TAG]),
    pythonVersion: tags["runstone.python"] ?? textOf(runtime?.pythonVersion),
    requirements: files.read("runstone/requirements.txt", MAX_BYTES)?.toString("utf8") ?? null,
  };
}

/** The path of a directory below `root`, `/` between components; null outside of it. */
export function pathBelow(root: string, directory: string): string | null {
  const path = relative(root, directory);
  if (path !== ".." && !path.startsWith(`..${sep}`)) return path.split(sep).join("/");
  try {
    const real = realpathSync(directory);
    return real === directory ? null : pathBelow(root, real);
  } catch {
    // Not on this machine.
    return null;
  }
}

function variablesOf(seeds: unknown): Readonly<Record<string, string>> {
  const found = Object.entries(asObject(seeds) ?? {}).filter(
    (entry): entry is [string, string] => SEED_NAMES.includes(entry[0]) && typeof entry[1] === "string",
  );
  return Object.fromEntries(found);
}

type Fields = Readonly<Record<string, unknown>>;

function objectIn(bytes: Buffer | null): Fields | null {
  try {
    return bytes === null ? null : asObject(JSON.parse(bytes.toString("utf8")));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function asObject(value: unknown): Fields | null {
  return typeof value === "object" && value !== null ? (value as Fields) : null;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function textsOf(value: unknown): readonly string[] | null {
  return Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string")
    ? (value as readonly string[])
    : null;
}
