/**
 * Lists of numbers as blocks of an index file, in the fewest bytes a number that hold all of them: one number for all, or
 * whole numbers as their distance from the least in 1, 2 or 4 bytes, or doubles. Blocks begin at multiples of 8.
 */
import type { ByteReader } from "./byte-reader.js";
import type { ByteWriter } from "./byte-writer.js";
import type { PagedBytes } from "./paged-bytes.js";

const CONSTANT = 0;
const DOUBLES = 8;
/** Bytes a number; {@link CONSTANT}: none. */
const WIDTHS = [CONSTANT, 1, 2, 4, DOUBLES];

/** Where a list of numbers lies. */
export interface Vector {
  readonly count: number;
  /** Bytes a number; 0: all of them are `base`. */
  readonly width: number;
  /** Added to each number, unless they are doubles. */
  readonly base: number;
  readonly offset: number;
}

/** The blocks of a file that is being made. */
export class Blocks {
  readonly parts: Uint8Array[] = [];
  length = 0;

  /** Returns where the block begins. The bytes must not change any more. */
  add(bytes: Uint8Array): number {
    const offset = this.length;
    const padding = (8 - (bytes.length % 8)) % 8;
    this.parts.push(bytes);
    if (padding > 0) this.parts.push(new Uint8Array(padding));
    this.length += bytes.length + padding;
    return offset;
  }

  /** The numbers are kept by reference. */
  addNumbers(numbers: Float64Array | Uint32Array): Vector {
    const { least, width } = shapeOf(numbers);
    const base = width === DOUBLES ? 0 : least;
    const offset = width === CONSTANT ? 0 : this.add(bytesOf(narrowed(numbers, width, base)));
    return { count: numbers.length, width, base, offset };
  }
}

export type Numbers = Float64Array | Uint32Array | Uint16Array | Uint8Array;

export function bytesOf(numbers: Numbers | BigUint64Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

function narrowed(numbers: Float64Array | Uint32Array, width: number, base: number): Numbers {
  if (width === DOUBLES) return numbers instanceof Float64Array ? numbers : Float64Array.from(numbers);
  const { length } = numbers;
  const narrow =
    width === 1 ? new Uint8Array(length) : width === 2 ? new Uint16Array(length) : new Uint32Array(length);
  for (let index = 0; index < length; index += 1) narrow[index] = numbers[index]! - base;
  return narrow;
}

interface VectorShape {
  readonly least: number;
  readonly width: number;
}

function shapeOf(numbers: Float64Array | Uint32Array): VectorShape {
  const first = numbers[0] ?? 0;
  if (!Number.isSafeInteger(first) || Object.is(first, -0)) return shapeOfDoubles(numbers, first);
  let least = first;
  let greatest = first;
  for (const number of numbers) {
    if (!Number.isSafeInteger(number) || Object.is(number, -0)) return { least: 0, width: DOUBLES };
    if (number < least) least = number;
    if (number > greatest) greatest = number;
  }
  return { least, width: widthOf(greatest - least) };
}

function shapeOfDoubles(numbers: Float64Array | Uint32Array, first: number): VectorShape {
  return numbers.every((number) => Object.is(number, first))
    ? { least: first, width: CONSTANT }
    : { least: 0, width: DOUBLES };
}

function widthOf(range: number): number {
  if (range === 0) return CONSTANT;
  return range < 2 ** 8 ? 1 : range < 2 ** 16 ? 2 : range < 2 ** 32 ? 4 : DOUBLES;
}

export function writeVector(writer: ByteWriter, { count, width, base, offset }: Vector): void {
  writer.byte(width);
  writer.varint(count);
  if (width !== DOUBLES) writer.double(base);
  if (width !== CONSTANT) writer.varint(offset / 8);
}

/** `limit`: how many numbers there can be at most. */
export function readVector(reader: ByteReader, limit: number): Vector {
  const width = reader.byte();
  const count = reader.varint();
  if (!WIDTHS.includes(width) || count > limit) throw reader.damage("a list of numbers is none");
  const base = width === DOUBLES ? 0 : reader.double();
  const offset = width === CONSTANT ? 0 : reader.varint() * 8;
  return { count, width, base, offset };
}

/** All numbers, in whatever array holds them. Not to be changed. */
export function loadNumbers(bytes: PagedBytes, vector: Vector): Numbers {
  return vector.width !== CONSTANT && vector.base === 0
    ? loadBlock(bytes, vector)
    : loadDoubles(bytes, vector);
}

/** All numbers. Not to be changed. */
export function loadDoubles(bytes: PagedBytes, vector: Vector): Float64Array {
  const { width, base, count } = vector;
  if (width === CONSTANT) return new Float64Array(count).fill(base);
  const numbers = loadBlock(bytes, vector);
  if (numbers instanceof Float64Array) return numbers;
  const doubles = new Float64Array(count);
  for (let index = 0; index < count; index += 1) doubles[index] = base + numbers[index]!;
  return doubles;
}

/** All numbers, which are at least 0 and at most `greatest`. Not to be changed. */
export function loadCodes(bytes: PagedBytes, vector: Vector, greatest: number): Uint32Array {
  const codes = loadWholeNumbers(bytes, vector);
  let most = -1;
  for (let index = 0; index < codes.length; index += 1) if (codes[index]! > most) most = codes[index]!;
  if (most > greatest) throw bytes.damage("a number is out of range");
  return codes;
}

function loadWholeNumbers(bytes: PagedBytes, vector: Vector): Uint32Array {
  const { width, base, count } = vector;
  if (!(base >= 0 && base < 2 ** 32)) throw bytes.damage("a number is out of range");
  if (width === CONSTANT) return new Uint32Array(count).fill(base);
  const numbers = loadBlock(bytes, vector);
  if (base === 0) return numbers instanceof Uint32Array ? numbers : new Uint32Array(numbers);
  const whole = new Uint32Array(count);
  for (let index = 0; index < count; index += 1) whole[index] = base + numbers[index]!;
  return whole;
}

/** One number, without reading the others. */
export function numberAt(
  read: (offset: number, length: number) => Uint8Array,
  vector: Vector,
  index: number,
): number {
  const { width, base, offset } = vector;
  if (width === CONSTANT) return base;
  const found = read(offset + index * width, width);
  return base + viewOf(width, found)[0]!;
}

function loadBlock(bytes: PagedBytes, { width, offset, count }: Vector): Numbers {
  return viewOf(width, bytes.read(offset, count * width));
}

function viewOf(width: number, { buffer, byteOffset, byteLength }: Uint8Array): Numbers {
  if (width === 1) return new Uint8Array(buffer, byteOffset, byteLength);
  if (width === 2) return new Uint16Array(buffer, byteOffset, byteLength / 2);
  if (width === 4) return new Uint32Array(buffer, byteOffset, byteLength / 4);
  return new Float64Array(buffer, byteOffset, byteLength / 8);
}
