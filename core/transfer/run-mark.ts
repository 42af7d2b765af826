/**
 * The mark of a run: a text that is another one whenever something of the run changed, made of what the file system says
 * and of no content.
 *
 * Looked at are always: `meta.yaml`, `manifest.yaml`, and every directory of the record and of the artifacts; not the run's
 * own directory, in which leases, receipts and temporary files come and go. So everything shows that Runstone does to a run, and all that others create, delete or replace.
 * What others change in place (a longer metric file, a tag written over) changes only the file itself. To look at every file
 * costs about five times as much; it is done for each run that is not settled, for all runs of small stores, and when asked
 * for: the rules of DESIGN §7, by which the search index works, too. A run is settled when it is sealed, nobody has a
 * writer's slot, and nothing that was looked at is younger than the seal.
 *
 * Inode, size, mtime and ctime count. A run of which an entry changed within a clock tick has no mark.
 */

import {
  entriesIfExists,
  type FileFacts,
  factsIfExists,
  fileSystemType,
  isDirectoryMode,
} from "../fs/index.js";
import { FactsSum, LOCAL_MARGINS, NETWORK_MARGINS, type YoungMargins } from "../index/facts-sum.js";
import { isNetworkFileSystem } from "../index/network-file-systems.js";
import { softly } from "../index/run-facts.js";
import { LINKS, MANIFEST, META, WRITERS } from "../store/layout.js";

const USUAL = ["/metrics", "/params", "/tags", "/artifacts"];
const FURTHER = ["/inputs", "/outputs", `/${WRITERS}`];

export interface MarkOptions {
  /** Whether the files of a settled run are looked at, too. */
  readonly everyFile: boolean;
  readonly margins: YoungMargins;
}

/** How far the clock of the store's file system is to be trusted. */
export function marginsOf(root: string): YoungMargins {
  return isNetworkFileSystem(fileSystemType(root)) ? NETWORK_MARGINS : LOCAL_MARGINS;
}

export interface RunMark {
  /** Null: what is here may change without a trace, look at the run. */
  readonly mark: string | null;
  /** False for a directory that has no meta.yaml. */
  readonly hasMeta: boolean;
}

/** Null when nothing is there. Throws typed errors other than those of a place that cannot be looked at. */
export function markRun(directory: string, options: MarkOptions): RunMark | null {
  const walk = new MarkWalk(options.margins, options.everyFile);
  if (!walk.look(directory)) return null;
  if (options.everyFile || walk.isSettled) return walk.result();
  const whole = new MarkWalk(options.margins, true);
  return whole.look(directory) ? whole.result() : null;
}

/**
 * Whether two marks of a run say that nothing changed between them. Marks that looked at every file are compared with
 * those that did not by what both looked at.
 */
export function isSameMark(a: string | null, b: string | null): boolean {
  if (a === null || b === null) return false;
  const [headsOfA, filesOfA] = a.split(".");
  const [headsOfB, filesOfB] = b.split(".");
  return headsOfA === headsOfB && (filesOfA === filesOfB || filesOfA === undefined || filesOfB === undefined);
}

class MarkWalk {
  readonly #heads: FactsSum;
  readonly #files: FactsSum | null;
  #sealedMs = 0;
  #newestMs = 0;
  #hasWriters = false;
  #hasMeta = false;
  #unsure = false;

  constructor(margins: YoungMargins, everyFile: boolean) {
    const now = Date.now();
    this.#heads = new FactsSum(now, margins);
    this.#files = everyFile ? new FactsSum(now, margins) : null;
  }

  /** Sealed, and nothing is younger than the seal. */
  get isSettled(): boolean {
    return this.#sealedMs > 0 && !this.#hasWriters && this.#newestMs <= this.#sealedMs;
  }

  result(): RunMark {
    const isSure = !this.#unsure && !this.#heads.isYoung && this.#files?.isYoung !== true;
    return { mark: isSure ? this.#text() : null, hasMeta: this.#hasMeta };
  }

  look(directory: string): boolean {
    const own = this.#facts(directory);
    if (own === null || !isDirectoryMode(own.mode)) return false;
    this.#sealedMs = this.#addFile(`${directory}/${MANIFEST}`)?.mtimeMs ?? 0;
    this.#hasMeta = this.#addDated(`${directory}/${META}`);
    if (this.#files !== null) this.#addLinks(`${directory}/${LINKS}`, this.#files);
    let found = 0;
    for (const name of USUAL) if (this.#addDirectory(directory + name)) found += 1;
    // Where links are not counted, or there are more directories than those, the rarer ones are looked for.
    if (own.nlink !== 2 + found) for (const name of FURTHER) this.#addFurther(directory, name);
    return true;
  }

  #text(): string {
    const heads = this.#heads.value.toString(16);
    return this.#files === null ? heads : `${heads}.${this.#files.value.toString(16)}`;
  }

  #addFurther(directory: string, name: string): void {
    if (this.#addDirectory(directory + name) && name === `/${WRITERS}`) this.#hasWriters = true;
  }

  #addFile(path: string): FileFacts | null {
    const found = this.#facts(path);
    if (found !== null) this.#heads.add(found);
    return found;
  }

  #addLinks(path: string, files: FactsSum): void {
    const found = this.#facts(path);
    if (found !== null) files.add(found);
  }

  #addDated(path: string): boolean {
    const found = this.#addFile(path);
    if (found !== null) this.#date(found);
    return found !== null;
  }

  #date({ mtimeMs }: FileFacts): void {
    if (mtimeMs > this.#newestMs) this.#newestMs = mtimeMs;
  }

  #addDirectory(path: string): boolean {
    const own = this.#facts(path);
    if (own === null) return false;
    this.#heads.add(own);
    this.#date(own);
    if (!isDirectoryMode(own.mode)) this.#unsure = true;
    else if (this.#files !== null || own.nlink !== 2) this.#addEntries(path);
    return true;
  }

  #addEntries(path: string): void {
    const entries = softly(() => entriesIfExists(path));
    if (entries === undefined) this.#unsure = true;
    for (const entry of entries ?? []) {
      const below = `${path}/${entry.name}`;
      if (entry.isDirectory()) this.#addDirectory(below);
      else if (this.#files !== null) this.#addRecord(below, this.#files);
    }
  }

  #addRecord(path: string, files: FactsSum): void {
    const found = this.#facts(path);
    if (found === null) this.#unsure = true;
    else files.add(found);
  }

  #facts(path: string): FileFacts | null {
    const found = softly(() => factsIfExists(path));
    if (found === undefined) this.#unsure = true;
    return found ?? null;
  }
}
