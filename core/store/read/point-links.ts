/** Joins `links.jsonl` (dataset and logged model of points) onto points, in flat memory. */
import { decodeUtf8, type Point, type PointLink, parseLink } from "../../../store-format/index.js";
import type { OpenFile } from "../../fs/index.js";

/**
 * How many links of a key are held at a time. Writers append a point's link in the order of the points, so the one that
 * is wanted is nearly always the next; a link whose point was lost with a crash stays behind and must not block.
 */
const WINDOW = 4_096;

/** Gives each point of one key its link, when the points come in file order. */
export class LinkJoiner {
  readonly #links: Iterator<PointLink>;
  readonly #held = new Map<string, PointLink[]>();
  #count = 0;
  #done = false;

  constructor(links: Iterator<PointLink>) {
    this.#links = links;
  }

  join<P extends Point>(point: P): P {
    const name = nameOf(point);
    const link = this.#take(name) ?? (this.#readUntil(name) ? this.#take(name) : undefined);
    return link === undefined ? point : withLink(point, link);
  }

  #take(name: string): PointLink | undefined {
    const held = this.#held.get(name);
    const link = held?.shift();
    if (held === undefined || link === undefined) return undefined;
    if (held.length === 0) this.#held.delete(name);
    this.#count -= 1;
    return link;
  }

  /** Holds further links until one of this name is among them or the window is full. */
  #readUntil(name: string): boolean {
    while (!this.#done && this.#count < WINDOW) {
      const next = this.#links.next();
      if (next.done === true) this.#done = true;
      else {
        const found = nameOf(next.value);
        this.#hold(found, next.value);
        if (found === name) return true;
      }
    }
    return false;
  }

  #hold(name: string, link: PointLink): void {
    const held = this.#held.get(name);
    if (held === undefined) this.#held.set(name, [link]);
    else held.push(link);
    this.#count += 1;
  }
}

/** What two descriptions of one point have in common; 0 and -0 are two, NaN is itself. */
export function nameOf({ timestamp, step, value }: Point): string {
  return `${timestamp} ${step} ${Object.is(value, -0) ? "-0" : value}`;
}

export function withLink<P extends Point>(point: P, link: PointLink): P {
  return {
    ...point,
    ...(link.dataset === undefined ? {} : { dataset: link.dataset }),
    ...(link.modelId === undefined ? {} : { modelId: link.modelId }),
  };
}

/** The links of one key in `[0, end)` of a links file. */
export function* linksOfKey(file: OpenFile, end: number, key: string): Generator<PointLink> {
  const start = `{"key":${JSON.stringify(key)},`;
  for (const { text } of wholeLines(file, end)) {
    if (!text.startsWith(start) && text.startsWith('{"key":')) continue;
    const link = parseLink(text);
    if (link?.key === key) yield link;
  }
}

/** Every link in `[0, end)` of a links file, of all keys; the offsets of lines that are none go to `onMalformed`. */
export function* allLinks(
  file: OpenFile,
  end: number,
  onMalformed: (offset: number) => void,
): Generator<PointLink> {
  for (const { text, offset } of wholeLines(file, end)) {
    const link = parseLink(text);
    if (link === undefined) onMalformed(offset);
    else yield link;
  }
}

const LF = 10;

function* wholeLines(
  file: OpenFile,
  end: number,
): Generator<{ readonly text: string; readonly offset: number }> {
  let carry = new Uint8Array(0);
  let offset = 0;
  for (const block of file.blocks(0, end)) {
    const bytes = Buffer.concat([carry, block]);
    let start = 0;
    for (let lf = bytes.indexOf(LF); lf >= 0; lf = bytes.indexOf(LF, start)) {
      yield { text: decodeUtf8(bytes.subarray(start, lf)) ?? "", offset: offset + start };
      start = lf + 1;
    }
    carry = Uint8Array.from(bytes.subarray(start));
    offset += start;
  }
}
