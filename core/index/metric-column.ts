/** The summaries of one metric: its numbers as blocks for searching, all of it in the bytes of the rows. */
import type { MetricMark, MetricSummary } from "../search/run-record.js";
import type { MetricAggregate, NumberColumn } from "../search/table.js";
import type { ByteReader } from "./byte-reader.js";
import type { ByteWriter } from "./byte-writer.js";
import { GrowingDoubles, GrowingWords } from "./growing-numbers.js";
import { loadNumberColumn, readPresence, writePresence } from "./number-column.js";
import type { PagedBytes } from "./paged-bytes.js";
import { type Blocks, bytesOf, readVector, type Vector, writeVector } from "./vector.js";

/** In the order in which they are stored. */
const AGGREGATES: readonly MetricAggregate[] = ["last", "min", "max", "first", "count"];

export interface MetricRow {
  readonly row: number;
  /** What its timestamps are close to. */
  readonly time: number;
}

export class MetricColumnBuilder {
  readonly #rows = new GrowingWords();
  readonly #last = new GrowingDoubles();
  readonly #min = new GrowingDoubles();
  readonly #max = new GrowingDoubles();
  readonly #first = new GrowingDoubles();
  readonly #count = new GrowingDoubles();

  write(writer: ByteWriter, summary: MetricSummary, { row, time }: MetricRow): void {
    this.#rows.push(row);
    this.#last.push(summary.last.value);
    this.#min.push(summary.min?.value ?? Number.NaN);
    this.#max.push(summary.max?.value ?? Number.NaN);
    this.#first.push(summary.first.value);
    this.#count.push(summary.count);
    writeSummary(writer, summary, time);
  }

  finish(blocks: Blocks, writer: ByteWriter, rowCount: number): void {
    writePresence(blocks, writer, this.#rows.all(), rowCount);
    const written: { readonly numbers: Float64Array; readonly vector: Vector }[] = [];
    for (const list of [this.#last, this.#min, this.#max, this.#first, this.#count]) {
      const numbers = list.all();
      const same = written.find((before) => isSame(before.numbers, numbers));
      const vector = same?.vector ?? blocks.addNumbers(numbers);
      if (same === undefined) written.push({ numbers, vector });
      writeVector(writer, vector);
    }
  }
}

function isSame(a: Float64Array, b: Float64Array): boolean {
  return Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
}

/** The numbers of one metric; null when no row has one. */
export function loadMetricColumn(
  bytes: PagedBytes,
  reader: ByteReader,
  aggregate: MetricAggregate,
): NumberColumn | null {
  const presence = readPresence(reader, bytes);
  const vectors = AGGREGATES.map(() => readVector(reader, bytes.rowCount));
  const values = vectors[AGGREGATES.indexOf(aggregate)]!;
  const nan = aggregate === "min" || aggregate === "max" ? "none" : "a value";
  return loadNumberColumn(bytes, { presence, values, nan });
}

const ABSENT = 0;
const AS_LAST = 1;
const AS_FIRST = 2;
const OWN = 3;

/** Bits of the byte a summary begins with: two for min, two for max, and these. */
const FIRST_IS_LAST = 16;
const HAS_DATASET = 32;
const HAS_MODEL = 64;

function writeSummary(writer: ByteWriter, summary: MetricSummary, time: number): void {
  const { last, first, min, max, count } = summary;
  const minKind = kindOf(min, last, first);
  const maxKind = kindOf(max, last, first);
  const sameFirst = isMark(first, last);
  const links = (last.dataset === undefined ? 0 : HAS_DATASET) | (last.modelId === undefined ? 0 : HAS_MODEL);
  writer.byte(minKind | (maxKind << 2) | (sameFirst ? FIRST_IS_LAST : 0) | links);
  writer.varint(count);
  writer.double(last.value);
  writer.integer(last.step, 0);
  writer.integer(last.timestamp, time);
  const near = nearOf(last);
  if (!sameFirst) writeMark(writer, first, near);
  if (minKind === OWN) writeMark(writer, min!, near);
  if (maxKind === OWN) writeMark(writer, max!, near);
  if (last.dataset !== undefined) {
    writer.text(last.dataset.name);
    writer.text(last.dataset.digest);
  }
  if (last.modelId !== undefined) writer.text(last.modelId);
}

function kindOf(mark: MetricMark | null, last: MetricMark, first: MetricMark): number {
  if (mark === null) return ABSENT;
  if (isMark(mark, last)) return AS_LAST;
  return isMark(mark, first) ? AS_FIRST : OWN;
}

function isMark(a: MetricMark, b: MetricMark): boolean {
  return Object.is(a.value, b.value) && Object.is(a.step, b.step);
}

/** What the steps of the other marks are close to. */
function nearOf({ step }: MetricMark): number {
  return typeof step === "number" ? step : 0;
}

function writeMark(writer: ByteWriter, { value, step }: MetricMark, near: number): void {
  writer.double(value);
  writer.integer(step, near);
}

/** `time`: as it was when it was written. */
export function readSummary(reader: ByteReader, time: number): MetricSummary {
  const bits = reader.byte();
  const count = reader.varint();
  const mark = { value: reader.double(), step: reader.someInteger(0) };
  const timestamp = reader.someInteger(time);
  const near = nearOf(mark);
  const first = (bits & FIRST_IS_LAST) === 0 ? readMark(reader, near) : mark;
  const min = readKind(reader, bits & 3, { last: mark, first, near });
  const max = readKind(reader, (bits >> 2) & 3, { last: mark, first, near });
  const dataset =
    (bits & HAS_DATASET) === 0 ? {} : { dataset: { name: reader.text(), digest: reader.text() } };
  const model = (bits & HAS_MODEL) === 0 ? {} : { modelId: reader.text() };
  return { last: { timestamp, ...mark, ...dataset, ...model }, min, max, first, count };
}

function readMark(reader: ByteReader, near: number): MetricMark {
  return { value: reader.double(), step: reader.someInteger(near) };
}

interface Known {
  readonly last: MetricMark;
  readonly first: MetricMark;
  readonly near: number;
}

function readKind(reader: ByteReader, kind: number, { last, first, near }: Known): MetricMark | null {
  if (kind === ABSENT) return null;
  if (kind === OWN) return readMark(reader, near);
  return kind === AS_LAST ? last : first;
}
