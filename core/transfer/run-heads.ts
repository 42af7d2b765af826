/** The heads of a store's runs: which there are, and whether one changed since it was last looked at. */
import { join } from "node:path";
import {
  glanceAtRunMeta,
  isRunstoneError,
  type LifecycleStage,
  type SealedManifest,
  type View,
} from "../../store-format/index.js";
import { readBytesIfExists, statIfExists } from "../fs/index.js";
import { SMALL_STORE_RUNS } from "../index/open-indexed-runs.js";
import { META, type StorePaths, WRITERS } from "../store/layout.js";
import { IGNORE_DAMAGE, type OnDamage } from "../store/read/damages.js";
import { directoriesOf } from "../store/read/entries.js";
import { isRun } from "../store/read/is-run.js";
import type { ExperimentLocation, RunLocation } from "../store/read/located.js";
import { experimentsOf, isRunName, readRunMeta, readRunMetaReporting, runIn } from "../store/read/runs.js";
import { readManifest } from "../store/runs/seal.js";
import { listSealedFiles } from "../store/runs/sealed-files.js";
import type { RunHead } from "./run-document.js";
import { type MarkOptions, marginsOf, markRun } from "./run-mark.js";

export interface RunHeadOptions {
  /** Default: every experiment. */
  readonly experimentIds?: readonly string[];
  /** Default: every run. */
  readonly runIds?: Iterable<string>;
  /** By life cycle. Default `all`; anything else costs a look into every meta.yaml. */
  readonly view?: View;
  /** Looks at every file of every run. Default: in stores of up to 2,000 runs, see `run-mark.ts`. */
  readonly everyFile?: boolean;
  readonly onDamage?: OnDamage;
}

/** Of a run here. `recordDigest` is found out when it is asked for: then the manifest is read and held against the files. */
export interface LocalRunHead extends RunHead {
  readonly location: RunLocation;
}

/**
 * Heads of all runs that have a meta.yaml, readable or not, in the order of `listRunLocations`; what is no run or lost its
 * meta.yaml is reported. Throws NOT_A_STORE, typed I/O errors of the root.
 */
export function* listRunHeads(context: StorePaths, options: RunHeadOptions = {}): Generator<LocalRunHead> {
  const { view = "all", onDamage = IGNORE_DAMAGE } = options;
  const groups = namesOf(context, options, onDamage);
  const runs = groups.reduce((sum, { names }) => sum + names.length, 0);
  const everyFile = options.everyFile ?? runs <= SMALL_STORE_RUNS;
  const look = { everyFile, margins: marginsOf(context.root) };
  for (const { experiment, names } of groups)
    for (const name of names) {
      const location = runIn(experiment, name);
      const head = headOf(location, look, onDamage);
      if (head !== null && isInView(location, view)) yield head;
    }
}

/**
 * The head of one run, with a mark that covers every file: take it before the run is read. Null when there is no run.
 */
export function readRunHead(context: StorePaths, location: RunLocation): LocalRunHead | null {
  return headOf(location, { everyFile: true, margins: marginsOf(context.root) }, IGNORE_DAMAGE);
}

interface NamedRuns {
  readonly experiment: ExperimentLocation;
  readonly names: readonly string[];
}

function namesOf(context: StorePaths, options: RunHeadOptions, onDamage: OnDamage): NamedRuns[] {
  const wanted = options.runIds === undefined ? null : new Set(options.runIds);
  const groups: NamedRuns[] = [];
  for (const experiment of experimentsOf(context, options.experimentIds, onDamage)) {
    const names = directoriesOf(experiment, onDamage);
    const isWanted = (name: string): boolean => isRunName(name) && wanted?.has(name) !== false;
    groups.push({ experiment, names: names.filter(isWanted) });
  }
  return groups;
}

function headOf(location: RunLocation, options: MarkOptions, onDamage: OnDamage): LocalRunHead | null {
  const found = markRun(location.directory, options);
  if (found === null) return null;
  if (!found.hasMeta) {
    if (isRun(location)) readRunMetaReporting(location, onDamage);
    return null;
  }
  const { runId, experimentId, place } = location;
  let digest: string | null | undefined;
  return {
    runId,
    experimentId,
    // A deleted experiment takes its runs along without a change to their files.
    mark: found.mark === null ? null : `${place === "trash" ? "d" : ""}${found.mark}`,
    get recordDigest() {
      if (digest === undefined) digest = sealedDigest(location);
      return digest;
    },
    location,
  };
}

function isInView(location: RunLocation, view: View): boolean {
  if (view === "all") return true;
  return (location.place === "trash" ? "deleted" : stageOf(location)) === view;
}

/** A damaged run is active until its meta.yaml says otherwise. */
function stageOf(location: RunLocation): LifecycleStage {
  try {
    const bytes = readBytesIfExists(join(location.directory, META));
    const glance = bytes === null ? null : glanceAtRunMeta(Buffer.from(bytes).toString("latin1"));
    return (glance ?? readRunMeta(location)).lifecycleStage;
  } catch (error) {
    if (isRunstoneError(error)) return "active";
    throw error;
  }
}

/** The record digest that the seal found, if no file that it covers looks other than it did then. */
export function sealedDigest({ directory }: RunLocation): string | null {
  try {
    return digestOfSeal(directory, readManifest(directory));
  } catch (error) {
    if (isRunstoneError(error)) return null;
    throw error;
  }
}

/** As {@link sealedDigest}, of a manifest that was read already. */
export function digestOfSeal(directory: string, manifest: SealedManifest | null): string | null {
  try {
    if (manifest === null || statIfExists(join(directory, WRITERS)) !== null) return null;
    const sealed = new Map(manifest.files.map((file) => [file.path, file]));
    for (const { path, kind } of listSealedFiles(directory)) {
      const file = sealed.get(path);
      const now = statIfExists(join(directory, path));
      if (kind !== "meta" && (now?.size !== file?.size || now?.mtimeNs !== file?.mtimeNs)) return null;
      sealed.delete(path);
    }
    // Artifacts may be elsewhere; everything else that is gone was removed since.
    const isGone = [...sealed.values()].some(({ kind }) => kind !== "artifact");
    return isGone || !manifest.complete ? null : manifest.recordDigest;
  } catch (error) {
    if (isRunstoneError(error)) return null;
    throw error;
  }
}
