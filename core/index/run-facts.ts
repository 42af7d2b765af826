/**
 * What the file system says of a run: one sum over its directories and its meta.yaml, which older MLflow writes in place
 * when it ends, renames or deletes a run; and one over the other files that its record is made of.
 * Every call here stats an entry before anything reads it, so that a change in between shows at the next look.
 */
import { isRunstoneError } from "../../store-format/index.js";
import {
  entriesIfExists,
  type FileFacts,
  factsIfExists,
  isDirectoryMode,
  namesIfExists,
} from "../fs/index.js";
import { LINKS, META, WRITERS } from "../store/layout.js";
import { FactsSum, type YoungMargins } from "./facts-sum.js";
import { HAS_INPUTS, HAS_META, HAS_METRICS, HAS_PARAMS, HAS_TAGS, NESTED, UNSURE } from "./index-flags.js";

/** The directories that a run's record is read from, and the flag of each. */
export const RECORD_DIRECTORIES: ReadonlyMap<string, number> = new Map([
  ["metrics", HAS_METRICS],
  ["params", HAS_PARAMS],
  ["tags", HAS_TAGS],
  ["inputs", HAS_INPUTS | NESTED],
  ["outputs", NESTED],
  [WRITERS, NESTED],
]);

/** Directly in the run's directory, beside meta.yaml. */
export const RECORD_FILES: ReadonlySet<string> = new Set([LINKS]);

const PLAIN_STRUCTURE: readonly (readonly [string, number])[] = [
  [META, HAS_META],
  ["metrics", HAS_METRICS],
  ["params", HAS_PARAMS],
  ["tags", HAS_TAGS],
];

export interface RunFacts {
  readonly structure: FactsSum;
  readonly content: FactsSum;
  flags: number;
  readonly directoriesOnly?: boolean;
}

export interface FactsOptions {
  /** When the looking begins, milliseconds since 1970. */
  readonly readAtMs: number;
  readonly margins: YoungMargins;
}

export function newRunFacts({ readAtMs, margins }: FactsOptions): RunFacts {
  return { structure: new FactsSum(readAtMs, margins), content: new FactsSum(readAtMs, margins), flags: 0 };
}

/** Looks at every directory and file of a run, by listing. Null when it is gone. */
export function walkRunFacts(directory: string, options: FactsOptions): RunFacts | null {
  return walk(directory, newRunFacts(options));
}

/** Looks at every directory of a run and its meta.yaml, by listing; `content` says nothing. Null when it is gone. */
export function walkRunDirectories(directory: string, options: FactsOptions): RunFacts | null {
  return walk(directory, { ...newRunFacts(options), directoriesOnly: true });
}

function walk(directory: string, facts: RunFacts): RunFacts | null {
  const own = factsOf(directory, facts);
  if (own === null) return null;
  facts.structure.add(own);
  for (const name of namesOf(directory, facts)) {
    const flag = RECORD_DIRECTORIES.get(name);
    if (flag !== undefined) addRecordDirectory(`${directory}/${name}`, flag, facts);
    else if (name === META) addMeta(`${directory}/${name}`, facts);
    else if (facts.directoriesOnly !== true && RECORD_FILES.has(name))
      addRecordFile(`${directory}/${name}`, facts);
  }
  return facts;
}

/** Looks at one of {@link RECORD_DIRECTORIES} and everything in it. */
export function addRecordDirectory(path: string, flag: number, facts: RunFacts): void {
  facts.flags |= flag;
  const own = factsOf(path, facts);
  if (own === null || !isDirectoryMode(own.mode)) facts.flags |= UNSURE;
  else addDirectory(path, own, facts);
}

function addMeta(path: string, facts: RunFacts): void {
  const own = factsOf(path, facts);
  if (own === null || isDirectoryMode(own.mode)) facts.flags |= UNSURE;
  else addMetaFacts(own, facts);
}

export function addMetaFacts(own: FileFacts, facts: RunFacts): void {
  facts.flags |= HAS_META;
  facts.structure.add(own);
}

function addRecordFile(path: string, facts: RunFacts): void {
  const own = factsOf(path, facts);
  if (own === null || isDirectoryMode(own.mode)) facts.flags |= UNSURE;
  else facts.content.add(own);
}

function addDirectory(path: string, own: FileFacts, facts: RunFacts): void {
  facts.structure.add(own);
  if (facts.directoriesOnly === true) {
    addDirectoriesIn(path, facts);
    return;
  }
  for (const name of namesOf(path, facts)) {
    const below = `${path}/${name}`;
    const found = factsOf(below, facts);
    if (found === null) facts.flags |= UNSURE;
    else if (isDirectoryMode(found.mode)) {
      facts.flags |= NESTED;
      addDirectory(below, found, facts);
    } else facts.content.add(found);
  }
}

function addDirectoriesIn(path: string, facts: RunFacts): void {
  const entries = softly(() => entriesIfExists(path));
  if (entries === undefined) facts.flags |= UNSURE;
  for (const entry of entries ?? []) {
    if (!entry.isDirectory()) continue;
    const below = `${path}/${entry.name}`;
    const found = factsOf(below, facts);
    if (found === null || !isDirectoryMode(found.mode)) facts.flags |= UNSURE;
    else addDirectory(below, found, facts);
  }
}

/** The sum over the directories and the meta.yaml of a run whose flags lack {@link NESTED}: without listing. Null when one is gone. */
export function plainStructure(directory: string, flags: number, options: FactsOptions): bigint | null {
  const sum = new FactsSum(options.readAtMs, options.margins);
  if (!addTo(sum, directory)) return null;
  for (const [name, flag] of PLAIN_STRUCTURE) {
    if ((flags & flag) !== 0 && !addTo(sum, `${directory}/${name}`)) return null;
  }
  return sum.value;
}

function addTo(sum: FactsSum, path: string): boolean {
  const found = softly(() => factsIfExists(path)) ?? null;
  if (found !== null) sum.add(found);
  return found !== null;
}

function factsOf(path: string, facts: RunFacts): FileFacts | null {
  const found = softly(() => factsIfExists(path));
  if (found === undefined) facts.flags |= UNSURE;
  return found ?? null;
}

function namesOf(path: string, facts: RunFacts): readonly string[] {
  const names = softly(() => namesIfExists(path));
  if (names === undefined) facts.flags |= UNSURE;
  return names ?? [];
}

/** Undefined for what cannot be looked at: its reader reports it, and no sum tells whether it changed. */
export function softly<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (isRunstoneError(error, "PERMISSION_DENIED") || isRunstoneError(error, "IO_ERROR")) return undefined;
    throw error;
  }
}
