/** The walk over params, tags and points of one owner, with everything that is odd about them. */
import {
  findKeyClashes,
  invalidUtf8Offset,
  type MetricLine,
  windowsProblem,
} from "../../../store-format/index.js";
import type { OpenFile } from "../../fs/index.js";
import { LINKS } from "../layout.js";
import { type OnDamage, report } from "./damages.js";
import { entriesOf } from "./entries.js";
import { reportForeign } from "./foreign-content.js";
import { inside, type Located, type LoggedModelLocation, type RunLocation } from "./located.js";
import {
  metricKeys,
  openLinks,
  type PointOptions,
  placesOf,
  readModelPointChunks,
  readPointChunks,
  readPointChunksOf,
  writersOf,
} from "./metric-points.js";
import { allLinks } from "./point-links.js";
import { type RecordBytes, readKeys, readRecords } from "./records.js";
import type { RecordKind, RecordOwner, StoreItem } from "./store-items.js";
import { reportSyncCopies } from "./sync-copies.js";
import type { Writers } from "./writers.js";

const FOLDERS: Readonly<Record<RecordKind, string>> = {
  param: "params",
  tag: "tags",
  request_metadata: "request_metadata",
};
const LF = 10;

/** Params, tags or request metadata of an owner. */
export function* scanRecords(owner: RecordOwner, kind: RecordKind, onDamage: OnDamage): Generator<StoreItem> {
  const folder = FOLDERS[kind];
  const records = readRecords(owner, folder, onDamage);
  checkKeys(
    owner,
    folder,
    records.map(({ key }) => key),
    onDamage,
  );
  for (const record of records) {
    checkValue(owner, `${folder}/${record.key}`, record, onDamage);
    yield { kind, owner, ...record };
  }
}

/** All points of a run. */
export function* scanPoints(
  run: RunLocation,
  onDamage: OnDamage,
  options: PointOptions,
): Generator<StoreItem> {
  const writers = writersOf(run, onDamage);
  const keys = metricKeys(run, writers, onDamage);
  checkKeys(run, "metrics", keys, onDamage);
  const linked = checkLinks(run, writers, onDamage);
  // The journal of a fold was told of; every series looks at it again.
  const tell: OnDamage = (damage) => {
    if (damage.kind !== "fold_damaged") onDamage(damage);
  };
  for (const key of keys) {
    // A run that had neither writers/ nor links is read from metrics/ alone, whatever begins meanwhile.
    const alone = writers.identity === "" && !linked;
    const chunks = alone
      ? readPointChunksOf(run, key, writers, tell, options)
      : readPointChunks(run, key, tell, options);
    yield* pointItems(run, key, chunks, onDamage);
  }
}

/** All points of a logged model. */
export function* scanModelPoints(model: LoggedModelLocation, onDamage: OnDamage): Generator<StoreItem> {
  const keys = readKeys(inside(model, "metrics"), onDamage);
  checkKeys(model, "metrics", keys, onDamage);
  for (const key of keys) yield* pointItems(model, key, readModelPointChunks(model, key, onDamage), onDamage);
}

function* pointItems(
  owner: RunLocation | LoggedModelLocation,
  key: string,
  chunks: Iterable<MetricLine[]>,
  onDamage: OnDamage,
): Generator<StoreItem> {
  let before: MetricLine | undefined;
  let repeated = 0;
  for (const points of chunks) {
    for (const point of points) {
      if (before !== undefined && isSamePoint(before, point)) repeated += 1;
      before = point;
    }
    yield { kind: "points", owner, key, points };
  }
  if (repeated === 0) return;
  const reason = `${repeated} ${repeated === 1 ? "point equals" : "points equal"} the one before`;
  report(onDamage, owner, "metric_points_repeated", { name: `metrics/${key}`, reason });
}

function isSamePoint(a: MetricLine, b: MetricLine): boolean {
  const sameData = a.dataset?.digest === b.dataset?.digest && a.dataset?.name === b.dataset?.name;
  return a.timestamp === b.timestamp && a.step === b.step && Object.is(a.value, b.value) && sameData;
}

function checkKeys(owner: Located, folder: string, keys: readonly string[], onDamage: OnDamage): void {
  for (const key of keys) {
    const problem = windowsProblem(key);
    if (problem !== undefined) {
      report(onDamage, owner, "key_not_portable", { name: `${folder}/${key}`, reason: `the key ${problem}` });
    }
  }
  for (const { a, b } of findKeyClashes(keys)) {
    const reason = `falls together with ${JSON.stringify(a)} where case or Unicode form does not count`;
    report(onDamage, owner, "key_clash", { name: `${folder}/${b}`, reason });
  }
  const directory = inside(owner, folder);
  // What cannot be listed was told when the keys were read.
  reportSyncCopies(
    directory,
    entriesOf(directory, () => {}),
    onDamage,
  );
}

function checkValue(owner: Located, name: string, { bytes }: RecordBytes, onDamage: OnDamage): void {
  const offset = invalidUtf8Offset(bytes);
  if (offset >= 0) report(onDamage, owner, "value_not_utf8", { name, offset });
  if (reportForeign(owner, name, bytes, onDamage)) return;
  if (bytes.length > 1 && bytes.indexOf(LF) === bytes.length - 1) {
    report(onDamage, owner, "value_ends_in_line_feed", { name, offset: bytes.length - 1 });
  }
}

/** Whether there are links at all. */
function checkLinks(run: RunLocation, writers: Writers, onDamage: OnDamage): boolean {
  let linked = false;
  for (const owner of placesOf(run, writers)) {
    const links = openLinks(owner, owner === run ? writers.fold : null, onDamage);
    if (links === null) continue;
    linked = true;
    checkLinkLines(owner, links.file, links.end, onDamage);
  }
  return linked;
}

function checkLinkLines(owner: Located, file: OpenFile, end: number, onDamage: OnDamage): void {
  const tell = (offset: number) => report(onDamage, owner, "point_link_malformed", { name: LINKS, offset });
  try {
    // Reading is the check: malformed lines are told as they are met.
    for (const _ of allLinks(file, end, tell));
  } finally {
    file.close();
  }
}
