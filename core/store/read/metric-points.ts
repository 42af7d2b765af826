/**
 * The points of a metric: the lines of `metrics/<key>`, then those of each slot of `writers/`, in slot order, in flat
 * memory. All files are opened before the first is read and `writers/` is looked at again, so that a fold that happens
 * meanwhile neither hides points nor shows them twice.
 */
import {
  compareCodePoints,
  type MetricFileEnd,
  type MetricFileKind,
  type MetricLine,
  MetricLineParser,
  type Point,
} from "../../../store-format/index.js";
import { OpenFile, statIfExists } from "../../fs/index.js";
import { FOLD, liveWriters } from "../../leases/index.js";
import { LINKS, WRITERS } from "../layout.js";
import { IGNORE_DAMAGE, type OnDamage, readable, readableItems, report } from "./damages.js";
import { foreignContent } from "./foreign-content.js";
import { fileIn, inside, type Located, type LoggedModelLocation, type RunLocation } from "./located.js";
import { LinkJoiner, linksOfKey } from "./point-links.js";
import { readKeys } from "./records.js";
import { isUnchanged, readWriters, type Writers } from "./writers.js";

export interface PointOptions {
  /**
   * Whether somebody may be writing into this run now: an unterminated last line is then a write on its way, no damage.
   * Default: a writer of it is not proven dead.
   */
  readonly isLive?: ((run: Located) => boolean) | undefined;
}

/** What a metric file means: of a run or of a logged model. */
interface Reading extends PointOptions {
  readonly kind: MetricFileKind;
  readonly key: string;
  /** The run or logged model. */
  readonly location: Located;
}

/** One stretch of a series: a metric file up to a length, and the links that belong to it. */
interface Part {
  readonly owner: Located;
  readonly name: string;
  readonly file: OpenFile;
  readonly end: number;
  readonly links: OpenLinks | null;
}

/** How often a series whose files keep moving is opened anew. */
const ATTEMPTS = 100;

/** Keys of all metrics of a run that have a file, in code-point order. */
export function readMetricKeys(location: Located, onDamage: OnDamage): string[] {
  return metricKeys(location, writersOf(location, onDamage), onDamage);
}

export function metricKeys(location: Located, writers: Writers, onDamage: OnDamage): string[] {
  const keys = readKeys(inside(location, "metrics"), onDamage);
  if (writers.slots.length === 0) return keys;
  const all = new Set(keys);
  for (const slot of writers.slots) {
    for (const key of readKeys(inside(inside(inside(location, WRITERS), slot), "metrics"), onDamage))
      all.add(key);
  }
  return [...all].sort(compareCodePoints);
}

export function writersOf(location: Located, onDamage: OnDamage): Writers {
  const none: Writers = { identity: "", slots: [], fold: null, foldDamaged: false };
  const writers = readable(onDamage, location, WRITERS, () => readWriters(location)) ?? none;
  if (writers.foldDamaged) {
    const reason = "is not what a fold writes: points of further writers may be met twice";
    report(onDamage, location, "fold_damaged", { name: `${WRITERS}/${FOLD}`, reason });
  }
  return writers;
}

/**
 * All points of a metric in file order, writers one after another, with their links. Empty for an unknown key. Lines
 * that are no points are reported with their offset. The files stay open until the iteration ends.
 */
export function* readMetricPoints(
  location: RunLocation,
  key: string,
  onDamage: OnDamage,
  options: PointOptions = {},
): Generator<Point> {
  for (const points of readPointChunks(location, key, onDamage, options)) yield* points;
}

/** As {@link readMetricPoints}, some thousand points at a time. */
export function* readPointChunks(
  location: Located,
  key: string,
  onDamage: OnDamage,
  options: PointOptions = {},
): Generator<MetricLine[]> {
  yield* chunksOfParts(
    openParts(location, key, onDamage),
    { ...options, kind: "run", key, location },
    onDamage,
  );
}

/** As {@link readPointChunks} for one state of `writers/`, without links: the caller sees to both. */
export function* readPointChunksOf(
  location: Located,
  key: string,
  writers: Writers,
  onDamage: OnDamage,
  options: PointOptions = {},
): Generator<MetricLine[]> {
  const parts = openAll(location, key, { ...writers, links: false }, onDamage);
  yield* chunksOfParts(parts, { ...options, kind: "run", key, location }, onDamage);
}

/** Points of a logged model's metric, each with the run that logged it, some thousand at a time. */
export function* readModelPointChunks(
  location: LoggedModelLocation,
  key: string,
  onDamage: OnDamage,
): Generator<MetricLine[]> {
  const part = openPart(location, `metrics/${key}`, Number.POSITIVE_INFINITY, null, onDamage);
  yield* chunksOfParts(part === null ? [] : [part], { kind: "model", key, location }, onDamage);
}

function openParts(location: Located, key: string, onDamage: OnDamage): Part[] {
  for (let attempt = 1; ; attempt += 1) {
    const writers = writersOf(location, attempt === 1 ? onDamage : () => {});
    const parts = openAll(location, key, { ...writers, links: true }, onDamage);
    if (attempt === ATTEMPTS || isUnchanged(location, writers)) return parts;
    closeAll(parts);
  }
}

function openAll(
  location: Located,
  key: string,
  writers: Writers & { readonly links: boolean },
  onDamage: OnDamage,
): Part[] {
  const { fold } = writers;
  const base = fold?.metrics.find((entry) => entry.key === key)?.length ?? Number.POSITIVE_INFINITY;
  const parts: (Part | null)[] = [];
  for (const owner of placesOf(location, writers)) {
    const isBase = owner === location;
    const links = writers.links ? openLinks(owner, isBase ? fold : null, onDamage) : null;
    parts.push(openPart(owner, `metrics/${key}`, isBase ? base : Number.POSITIVE_INFINITY, links, onDamage));
  }
  return parts.filter((part) => part !== null);
}

/** The run itself, then the slots of its further writers. */
export function placesOf(location: Located, { slots }: Writers): Located[] {
  const directory = inside(location, WRITERS);
  return [location, ...slots.map((slot) => inside(directory, slot))];
}

interface OpenLinks {
  readonly file: OpenFile;
  readonly end: number;
}

/** The links file of a run or slot, up to where the fold began. Null when there is none. */
export function openLinks(owner: Located, fold: Writers["fold"], onDamage: OnDamage): OpenLinks | null {
  const path = fileIn(owner, LINKS);
  const file = readable(onDamage, owner, LINKS, () =>
    statIfExists(path) === null ? null : OpenFile.openIfExists(path),
  );
  return file === null ? null : { file, end: Math.min(fold?.links ?? Number.POSITIVE_INFINITY, file.size) };
}

function openPart(
  owner: Located,
  name: string,
  limit: number,
  links: OpenLinks | null,
  onDamage: OnDamage,
): Part | null {
  const file = readable(onDamage, owner, name, () => OpenFile.openIfExists(fileIn(owner, name)));
  if (file !== null) return { owner, name, file, end: Math.min(limit, file.size), links };
  links?.file.close();
  return null;
}

function closeAll(parts: readonly Part[]): void {
  for (const part of parts) {
    part.file.close();
    part.links?.file.close();
  }
}

function* chunksOfParts(
  parts: readonly Part[],
  reading: Reading,
  onDamage: OnDamage,
): Generator<MetricLine[]> {
  try {
    for (const part of parts) {
      yield* readableItems(onDamage, part.owner, part.name, chunksOf(part, reading, onDamage));
    }
  } finally {
    closeAll(parts);
  }
}

function* chunksOf(part: Part, reading: Reading, onDamage: OnDamage): Generator<MetricLine[]> {
  const parser = new MetricLineParser(reading.kind);
  const { links } = part;
  // A malformed link is told of by the scan, once, and not again for every key.
  const joiner = links === null ? null : new LinkJoiner(linksOfKey(links.file, links.end, reading.key));
  for (const block of part.file.blocks(0, part.end)) {
    const points = parser.push(block);
    yield joiner === null ? points : points.map((point) => joiner.join(point));
  }
  reportEnd(part, reading, parser.end(), onDamage);
}

function reportEnd(part: Part, reading: Reading, end: MetricFileEnd, onDamage: OnDamage): void {
  if (onDamage === IGNORE_DAMAGE) return;
  const { owner, name, file } = part;
  reportMalformed(part, end, onDamage);
  if (file.size === 0) report(onDamage, owner, "metric_empty", { name });
  if (end.crlf) report(onDamage, owner, "metric_crlf", { name });
  if (end.torn !== undefined && !isBeingWritten(reading)) {
    report(onDamage, owner, "metric_line_torn", { name, offset: end.torn.offset });
  }
}

function reportMalformed({ owner, name, file }: Part, end: MetricFileEnd, onDamage: OnDamage): void {
  if (end.problemCount === 0) return;
  const foreign = foreignContent(file.path);
  if (foreign !== null) report(onDamage, owner, foreign, { name });
  for (const { offset, line, reason } of end.problems) {
    report(onDamage, owner, "metric_line_malformed", { name, offset, reason: `line ${line}: ${reason}` });
  }
  const more = end.problemCount - end.problems.length;
  if (more > 0) report(onDamage, owner, "metric_line_malformed", { name, reason: `${more} more such lines` });
}

function isBeingWritten({ kind, isLive, location }: Reading): boolean {
  if (kind === "model") return false;
  return isLive === undefined ? liveWriters(location.directory).length > 0 : isLive(location);
}
