/**
 * Reads runs for the index: the record that `readRunRecord` gives, with the signature of the files it was read from, in
 * one pass. Runs as Runstone and MLflow leave them are read straight; whatever is out of the ordinary (damage, further
 * writers, links, keys of several parts, texts beyond UTF-8) goes to the general reader.
 */
import {
  compareCodePoints,
  isReadableKey,
  isRunstoneError,
  isStrayEntry,
  MetricLineParser,
  parseRunMeta,
  type RunInfo,
  type StringMap,
} from "../../store-format/index.js";
import {
  entriesIfExists,
  factsIfExists,
  isDirectoryMode,
  namesIfExists,
  readFactsAndBytes,
} from "../fs/index.js";
import { readRunRecord, toLinked } from "../search/read-run-record.js";
import type { MetricSummary, RunRecord } from "../search/run-record.js";
import { PointSummary } from "../search/summarize-points.js";
import { LEASE, LINKS, MANIFEST, META, WRITERS } from "../store/layout.js";
import { checkRunMeta } from "../store/read/check-run-meta.js";
import { IGNORE_DAMAGE, type OnDamage } from "../store/read/damages.js";
import { readInputs, readOutputs } from "../store/read/inputs-outputs.js";
import type { RunLocation } from "../store/read/located.js";
import { toRunInfo } from "../store/read/runs.js";
import type { YoungMargins } from "./facts-sum.js";
import {
  ENDED,
  HAS_DAMAGE,
  HAS_METRICS,
  HAS_PARAMS,
  HAS_TAGS,
  NESTED,
  SETTLED,
  UNSURE,
} from "./index-flags.js";
import type { IndexedRun } from "./indexed-run.js";
import {
  addMetaFacts,
  addRecordDirectory,
  newRunFacts,
  RECORD_DIRECTORIES,
  type RunFacts,
  walkRunFacts,
} from "./run-facts.js";

/** A file that does not fit is read by the general reader, in blocks. */
const BUFFER_BYTES = 1 << 18;
const FINAL: ReadonlySet<string> = new Set(["FINISHED", "FAILED", "KILLED"]);

export class RunReader {
  readonly #margins: YoungMargins;
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #onDamage: OnDamage = IGNORE_DAMAGE;

  constructor(margins: YoungMargins) {
    this.#margins = margins;
  }

  /** Throws what the general reader throws: typed errors that are not the store's fault. */
  read(location: RunLocation, onDamage: OnDamage): IndexedRun {
    this.#onDamage = onDamage;
    return this.#readPlain(location) ?? this.#readAny(location);
  }

  #readAny(location: RunLocation): IndexedRun {
    const readAtMs = Date.now();
    const facts = walkRunFacts(location.directory, { readAtMs, margins: this.#margins });
    const record = readRunRecord(location, this.#onDamage);
    const found = facts ?? newRunFacts({ readAtMs, margins: this.#margins });
    if (facts === null) found.flags |= UNSURE;
    const names = factsIfExists(`${location.directory}/${WRITERS}`) === null ? [] : [WRITERS];
    if (factsIfExists(`${location.directory}/${LEASE}`) !== null) names.push(LEASE);
    return indexed(record, found, { readAtMs, names: new Set(names) });
  }

  /** Null when anything is out of the ordinary; nothing was reported then. */
  #readPlain(location: RunLocation): IndexedRun | null {
    try {
      return this.#tryPlain(location);
    } catch (error) {
      if (isRunstoneError(error)) return null;
      throw error;
    }
  }

  #tryPlain(location: RunLocation): IndexedRun | null {
    const readAtMs = Date.now();
    const { directory } = location;
    const facts = newRunFacts({ readAtMs, margins: this.#margins });
    const own = factsIfExists(directory);
    const entries = own === null ? null : namesIfExists(directory);
    if (own === null || entries === null) return null;
    facts.structure.add(own);
    const names = new Set(entries);
    if (!names.has(META) || names.has(WRITERS) || names.has(LINKS)) return null;
    const record = this.#recordOf(location, names, facts);
    return record === null ? null : indexed(record, facts, { readAtMs, names });
  }

  #recordOf(location: RunLocation, names: ReadonlySet<string>, facts: RunFacts): RunRecord | null {
    const { runId, experimentId, place, orphan, directory } = location;
    const info = this.#infoOf(location, facts);
    const linked = info === null ? null : linkedOf(location, names, facts);
    if (info === null || linked === null) return null;
    const params = names.has("params") ? this.#texts(`${directory}/params`, HAS_PARAMS, facts) : NO_TEXTS;
    const tags = names.has("tags") ? this.#texts(`${directory}/tags`, HAS_TAGS, facts) : NO_TEXTS;
    const metrics = names.has("metrics") ? this.#summaries(`${directory}/metrics`, facts) : NO_METRICS;
    if (params === null || tags === null || metrics === null) return null;
    const sealed = names.has(MANIFEST);
    const sound = { damage: null, damageCount: 0 };
    return {
      runId,
      experimentId,
      place,
      orphan,
      directory,
      info,
      params,
      tags,
      metrics,
      ...linked,
      sealed,
      ...sound,
    };
  }

  #infoOf(location: RunLocation, facts: RunFacts): RunInfo | null {
    const read = readFactsAndBytes(`${location.directory}/${META}`, this.#buffer);
    if (read === null || read.facts.size > BUFFER_BYTES) return null;
    addMetaFacts(read.facts, facts);
    const meta = parseRunMeta(this.#buffer.subarray(0, read.length));
    let sound = true;
    checkRunMeta(location, meta, () => {
      sound = false;
    });
    return sound ? toRunInfo(location, meta) : null;
  }

  #texts(folder: string, flag: number, facts: RunFacts): StringMap | null {
    const keys = plainKeys(folder, flag, facts);
    if (keys === null) return null;
    const texts: Record<string, string> = Object.create(null);
    for (const key of keys) {
      const text = this.#text(`${folder}/${key}`, facts);
      if (text === null) return null;
      texts[key] = text;
    }
    return texts;
  }

  /** Null for bytes that may be no UTF-8, or what a version-control tool left: the general reader tells. */
  #text(path: string, facts: RunFacts): string | null {
    const read = readFactsAndBytes(path, this.#buffer);
    if (read === null || read.facts.size > BUFFER_BYTES) return null;
    facts.content.add(read.facts);
    const text = this.#buffer.toString("utf8", 0, read.length);
    return UNUSUAL.test(text) ? null : text;
  }

  #summaries(folder: string, facts: RunFacts): Readonly<Record<string, MetricSummary>> | null {
    const keys = plainKeys(folder, HAS_METRICS, facts);
    if (keys === null) return null;
    const summaries: Record<string, MetricSummary> = Object.create(null);
    for (const key of keys) {
      const summary = this.#summary(`${folder}/${key}`, facts);
      if (summary === null) return null;
      summaries[key] = summary;
    }
    return summaries;
  }

  /** Null for a file with anything in it but whole lines that are points. */
  #summary(path: string, facts: RunFacts): MetricSummary | null {
    const read = readFactsAndBytes(path, this.#buffer);
    if (read === null || read.facts.size > BUFFER_BYTES) return null;
    facts.content.add(read.facts);
    const parser = new MetricLineParser("run");
    const summary = new PointSummary();
    for (const point of parser.push(this.#buffer.subarray(0, read.length))) summary.add(point);
    const { problemCount, crlf, torn } = parser.end();
    return problemCount > 0 || crlf || torn !== undefined ? null : summary.end();
  }
}

const UNUSUAL = /\ufffd|^version https:\/\/git-lfs|<{7}/;
const NO_TEXTS: StringMap = Object.freeze(Object.create(null));
const NO_METRICS: Readonly<Record<string, MetricSummary>> = Object.freeze(Object.create(null));

type Linked = Pick<RunRecord, "datasets" | "modelInputs" | "modelOutputs">;

const NOT_LINKED: Linked = { datasets: [], modelInputs: [], modelOutputs: [] };

/** What the run used and made, read by the general readers. Null when anything of it is damaged. */
function linkedOf(location: RunLocation, names: ReadonlySet<string>, facts: RunFacts): Linked | null {
  const folders = ["inputs", "outputs"].filter((name) => names.has(name));
  if (folders.length === 0) return NOT_LINKED;
  for (const name of folders)
    addRecordDirectory(`${location.directory}/${name}`, RECORD_DIRECTORIES.get(name) ?? 0, facts);
  let sound = true;
  const tell = () => {
    sound = false;
  };
  const inputs = readInputs(location, tell);
  const modelOutputs = readOutputs(location, tell);
  return sound ? { ...toLinked(inputs), modelOutputs } : null;
}

/** Keys of a directory of records in code-point order; null when anything else lies there. */
function plainKeys(folder: string, flag: number, facts: RunFacts): string[] | null {
  facts.flags |= flag;
  const keys: string[] = [];
  return collectKeys(folder, "", keys, facts) ? keys.sort(compareCodePoints) : null;
}

function collectKeys(folder: string, prefix: string, keys: string[], facts: RunFacts): boolean {
  const own = factsIfExists(folder);
  const entries = own === null || !isDirectoryMode(own.mode) ? null : entriesIfExists(folder);
  if (own === null || entries === null) return false;
  facts.structure.add(own);
  for (const entry of entries) {
    const { name } = entry;
    if (entry.isFile() && isPlainKey(prefix, name)) keys.push(prefix + name);
    else if (!entry.isDirectory() || isStrayEntry(name)) return false;
    else {
      facts.flags |= NESTED;
      if (!collectKeys(`${folder}/${name}`, `${prefix}${name}/`, keys, facts)) return false;
    }
  }
  return true;
}

/** The names of keys are the same in all runs: what was judged once is remembered, up to a number. */
const PLAIN_KEYS = new Map<string, boolean>();
const MAX_PLAIN_KEYS = 10_000;

function isPlainKey(prefix: string, name: string): boolean {
  const key = prefix + name;
  let isPlain = PLAIN_KEYS.get(key);
  if (isPlain === undefined) {
    isPlain = !isStrayEntry(name) && isReadableKey(key);
    if (PLAIN_KEYS.size >= MAX_PLAIN_KEYS) PLAIN_KEYS.clear();
    PLAIN_KEYS.set(key, isPlain);
  }
  return isPlain;
}

interface Circumstances {
  readonly readAtMs: number;
  /** Entries of the run's directory. */
  readonly names: ReadonlySet<string>;
}

function indexed(record: RunRecord, facts: RunFacts, { readAtMs, names }: Circumstances): IndexedRun {
  let { flags } = facts;
  const isLive = names.has(LEASE) || names.has(WRITERS);
  if (!isLive && record.info !== null && FINAL.has(record.info.status))
    flags |= record.sealed ? ENDED | SETTLED : ENDED;
  // Whether an unended line of a metric is damage depends on whether its writer lives, which no file's facts tell.
  if (names.has(WRITERS) || facts.structure.isYoung || facts.content.isYoung) flags |= UNSURE;
  if (record.damageCount > 0) flags |= HAS_DAMAGE;
  const { structure, content } = facts;
  return { record, signature: { structure: structure.value, content: content.value, readAtMs, flags } };
}
