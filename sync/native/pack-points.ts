/** Points between the store and the wire: packed records there, values here. */
import { MAX_ITEM_POINTS, type WirePoints } from "../../protocol/index.js";
import {
  type DatasetRef,
  type Metric,
  POINT_RECORD_BYTES,
  type Point,
  toInteger,
  writePointRecord,
} from "../../store-format/index.js";

const SIGN_BIT = 2n ** 63n;

interface Link {
  readonly dataset?: DatasetRef | undefined;
  readonly modelId?: string | undefined;
}

/** Cuts the points of a key, in file order, into stretches with the same link. */
export function* packPoints(
  key: string,
  chunks: Iterable<readonly Point[]>,
): Generator<WirePoints, void, undefined> {
  let packer: Packer | null = null;
  for (const points of chunks)
    for (const point of points) {
      if (packer !== null && (packer.isFull || !packer.fits(point))) {
        yield packer.finish(key);
        packer = null;
      }
      packer ??= new Packer(point);
      packer.add(point);
    }
  if (packer !== null) yield packer.finish(key);
}

class Packer {
  readonly #link: Link;
  #records = new Uint8Array(POINT_RECORD_BYTES * 64);
  #view = new DataView(this.#records.buffer);
  #length = 0;

  constructor({ dataset, modelId }: Point) {
    this.#link = { dataset, modelId };
  }

  get isFull(): boolean {
    return this.#length === MAX_ITEM_POINTS * POINT_RECORD_BYTES;
  }

  fits({ dataset, modelId }: Point): boolean {
    const own = this.#link;
    if (modelId !== own.modelId) return false;
    return dataset?.name === own.dataset?.name && dataset?.digest === own.dataset?.digest;
  }

  add(point: Point): void {
    if (this.#length === this.#records.length) this.#grow();
    writePointRecord(point, this.#view, this.#length);
    this.#length += POINT_RECORD_BYTES;
  }

  finish(key: string): WirePoints {
    const { dataset, modelId } = this.#link;
    return {
      key,
      ...(dataset === undefined ? {} : { dataset }),
      ...(modelId === undefined ? {} : { modelId }),
      records: this.#records.subarray(0, this.#length),
    };
  }

  #grow(): void {
    const most = MAX_ITEM_POINTS * POINT_RECORD_BYTES;
    const larger = new Uint8Array(Math.min(this.#records.length * 4, most));
    larger.set(this.#records);
    this.#records = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** The points of a stretch with their key and link. */
export function unpackPoints({ key, dataset, modelId, records }: WirePoints): Metric[] {
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  const link = {
    ...(dataset === undefined ? {} : { dataset }),
    ...(modelId === undefined ? {} : { modelId }),
  };
  const points: Metric[] = [];
  for (let at = 0; at < records.length; at += POINT_RECORD_BYTES)
    points.push({
      key,
      step: readInteger(view, at),
      timestamp: readInteger(view, at + 8),
      value: view.getFloat64(at + 16),
      ...link,
    });
  return points;
}

/** 64 bits, big-endian, plus 2^63. Most fit into a number, which is found without a bigint. */
function readInteger(view: DataView, at: number): number | bigint {
  const high = view.getUint32(at) - 0x8000_0000;
  if (high > -0x20_0000 && high < 0x20_0000) return high * 0x1_0000_0000 + view.getUint32(at + 4);
  return toInteger(view.getBigUint64(at) - SIGN_BIT);
}
