/**
 * Points whose value a server does not hold as it is: infinities and the zero with a sign. They travel as tags of the run, so
 * that a pull elsewhere has them back: `{"left": 0, "points": {KEY: [[step, timestamp, "inf" | "-inf" | "-0", "too"?], ...]}}`,
 * as many tags as they need. `"too"`: the run has the value that the server makes of it, as well.
 */
import type { RunLocation } from "../../core/index.js";
import { readSeries } from "../../core/transfer/index.js";
import type { Integer, StringMap } from "../../store-format/index.js";
import { type BarePoint, PointCollector, PointSet } from "../engine/point-set.js";
import { storedPoint } from "./stored-value.js";

/** `runstone.odd_points.0` and so on. */
export const ODD_POINTS_TAG = "runstone.odd_points.";

/** Characters of a tag, which every server takes. */
const MOST_CHARACTERS = 4_000;
const MOST_TAGS = 64;

export interface OddPoint {
  readonly point: BarePoint;
  /** What the server makes of it is a point of the run, too. */
  readonly isBoth: boolean;
}

export interface OddPoints {
  readonly points: ReadonlyMap<string, readonly OddPoint[]>;
  /** How many more there are, which had no room. */
  readonly left: number;
}

export const NO_ODD_POINTS: OddPoints = { points: new Map(), left: 0 };

export function isOdd({ value }: BarePoint): boolean {
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY || Object.is(value, -0);
}

/** Those of a run here, as tags. Throws typed I/O errors. */
export function oddPointTags(location: RunLocation, keys: readonly string[]): StringMap {
  const packer = new Packer();
  for (const key of keys) for (const odd of oddPointsOf(location, key)) packer.add(key, odd);
  return packer.tags();
}

function oddPointsOf(location: RunLocation, key: string): readonly OddPoint[] {
  const found: BarePoint[] = [];
  const plain = new PointCollector();
  for (const { points } of readSeries(location, key).chunks)
    for (const point of points) if (isOdd(point)) found.push(point);
  if (found.length === 0) return [];
  const stored = PointSet.of(found.map(storedPoint));
  for (const { points } of readSeries(location, key).chunks)
    for (const point of points) if (!isOdd(point) && stored.has(point)) plain.add(point);
  const both = plain.finish();
  return [...PointSet.of(found).points()].map((point) => ({ point, isBoth: both.has(storedPoint(point)) }));
}

type Packed = Record<string, (readonly (number | string)[])[]>;

class Packer {
  readonly #tags: string[] = [];
  #points: Packed = Object.create(null);
  #length = 0;
  #left = 0;

  add(key: string, { point, isBoth }: OddPoint): void {
    const { step, timestamp, value } = point;
    const packed = [wire(step), wire(timestamp), word(value), ...(isBoth ? ["too"] : [])];
    const length = JSON.stringify(packed).length + JSON.stringify(key).length + 6;
    if (this.#length > 0 && this.#length + length > MOST_CHARACTERS - 40) this.#flush();
    if (this.#tags.length >= MOST_TAGS || length > MOST_CHARACTERS - 40) {
      this.#left += 1;
      return;
    }
    const list = this.#points[key];
    if (list === undefined) this.#points[key] = [packed];
    else list.push(packed);
    this.#length += length;
  }

  tags(): StringMap {
    this.#flush();
    if (this.#tags.length === 0 && this.#left > 0) this.#tags.push("");
    const tags: Record<string, string> = Object.create(null);
    for (const [index, points] of this.#tags.entries())
      tags[`${ODD_POINTS_TAG}${index}`] =
        `{"left":${index === 0 ? this.#left : 0},"points":${points || "{}"}}`;
    return tags;
  }

  #flush(): void {
    if (this.#length > 0) this.#tags.push(JSON.stringify(this.#points));
    this.#points = Object.create(null);
    this.#length = 0;
  }
}

function wire(integer: Integer): number | string {
  return typeof integer === "bigint" ? integer.toString() : integer;
}

function word(value: number): string {
  if (Object.is(value, -0)) return "-0";
  return value > 0 ? "inf" : "-inf";
}

const VALUES: Readonly<Record<string, number>> = {
  inf: Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
  "-0": -0,
};

/** Of the tags of a run there. What is no such list counts as none: anybody can change tags there. */
export function parseOddPoints(tags: StringMap): OddPoints {
  const points = new Map<string, OddPoint[]>();
  let left = 0;
  for (const [name, text] of Object.entries(tags)) {
    if (!isOddPointsTag(name)) continue;
    const value = parseJson(text);
    if (!isObject(value) || !isObject(value["points"])) continue;
    if (Number.isSafeInteger(value["left"]) && (value["left"] as number) > 0) left += value["left"] as number;
    for (const [key, list] of Object.entries(value["points"])) {
      const found = Array.isArray(list) ? list.flatMap(parseOddPoint) : [];
      if (found.length > 0) points.set(key, [...(points.get(key) ?? []), ...found]);
    }
  }
  return points.size === 0 && left === 0 ? NO_ODD_POINTS : { points, left };
}

export function isOddPointsTag(name: string): boolean {
  return name.startsWith(ODD_POINTS_TAG);
}

function parseOddPoint(item: unknown): readonly OddPoint[] {
  if (!Array.isArray(item)) return [];
  const [step, timestamp, word, too] = item as readonly unknown[];
  const [at, when] = [integerOf(step), integerOf(timestamp)];
  if (at === null || when === null || typeof word !== "string" || !Object.hasOwn(VALUES, word)) return [];
  return [{ point: { step: at, timestamp: when, value: VALUES[word]! }, isBoth: too === "too" }];
}

const INT64 = 2n ** 63n;

function integerOf(value: unknown): Integer | null {
  if (Number.isSafeInteger(value)) return value as number;
  if (typeof value !== "string" || !/^-?\d{1,19}$/.test(value)) return null;
  const integer = BigInt(value);
  return integer >= -INT64 && integer < INT64 ? integer : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export interface Restored {
  readonly points: PointSet;
  /** Odd points of which the server has not what a push sent. */
  readonly changed: number;
}

/** Points as a server has them, with those put back that it could not hold. */
export function restorePoints(theirs: PointSet, odd: readonly OddPoint[]): Restored {
  if (odd.length === 0) return { points: theirs, changed: 0 };
  const there = odd.filter(({ point }) => theirs.has(storedPoint(point)));
  const kept = new Set(there.filter(({ isBoth }) => isBoth).map(({ point }) => nameOf(storedPoint(point))));
  const replaced = there.map(({ point }) => storedPoint(point)).filter((point) => !kept.has(nameOf(point)));
  const collector = new PointCollector();
  for (const point of theirs.without(PointSet.of(replaced)).points()) collector.add(point);
  for (const { point } of there) collector.add(point);
  return { points: collector.finish(), changed: odd.length - there.length };
}

function nameOf({ step, timestamp, value }: BarePoint): string {
  return `${step} ${timestamp} ${value}`;
}
