/** An RGB picture to draw on, twice as fine as the one it becomes: edges are smooth. */
import type { Pixels } from "../../sdk/png.js";
import { GLYPH_HEIGHT, GLYPH_WIDTH, glyphOf } from "./pixel-font.js";

/** Red, green and blue, 0 to 255. */
export type Colour = readonly [number, number, number];

const FINE = 2;

export interface Pen {
  readonly colour: Colour;
  /** Pixels. */
  readonly width: number;
  /** Lengths of dashes and gaps in pixels; none: a whole line. */
  readonly dashes?: readonly number[];
}

export class PixelCanvas {
  readonly #width: number;
  readonly #height: number;
  readonly #data: Uint8Array;

  /** White. Sizes are those of the picture. */
  constructor(width: number, height: number) {
    this.#width = width * FINE;
    this.#height = height * FINE;
    this.#data = new Uint8Array(this.#width * this.#height * 3).fill(255);
  }

  /** Through all the points. */
  line(points: readonly (readonly [number, number])[], pen: Pen): void {
    const walker = new DashWalker(pen.dashes ?? []);
    const size = Math.max(1, Math.round(pen.width * FINE));
    for (const [index, point] of points.entries())
      this.#segment(points[Math.max(0, index - 1)]!, point, { pen, size, walker });
  }

  /** `y` is the base line. Characters outside ASCII are shown as a box. `scale` 2 is ten pixels wide. */
  text(x: number, y: number, words: string, colour: Colour): void {
    let column = Math.round(x * FINE);
    for (const character of words) {
      this.#glyph(column, Math.round(y * FINE) - 7 * FINE, glyphOf(character), colour);
      column += (GLYPH_WIDTH + 1) * FINE;
    }
  }

  /** The picture: each pixel the mean of those it was drawn with. */
  pixels(): Pixels {
    const [width, height] = [this.#width / FINE, this.#height / FINE];
    const data = new Uint8Array(width * height * 3);
    for (let at = 0; at < data.length; at += 1) {
      const [pixel, channel] = [Math.floor(at / 3), at % 3];
      const [x, y] = [(pixel % width) * FINE, Math.floor(pixel / width) * FINE];
      let sum = 0;
      for (let down = 0; down < FINE; down += 1)
        for (let across = 0; across < FINE; across += 1)
          sum += this.#data[((y + down) * this.#width + x + across) * 3 + channel]!;
      data[at] = Math.round(sum / (FINE * FINE));
    }
    return { width, height, data };
  }

  #segment(
    from: readonly [number, number],
    to: readonly [number, number],
    { pen, size, walker }: { readonly pen: Pen; readonly size: number; readonly walker: DashWalker },
  ): void {
    const [x, y] = [from[0] * FINE, from[1] * FINE];
    const [right, down] = [to[0] * FINE - x, to[1] * FINE - y];
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(right), Math.abs(down))));
    const length = Math.hypot(right, down) / steps / FINE;
    for (let step = 0; step <= steps; step += 1) {
      if (walker.isDrawn())
        this.#square(x + (right * step) / steps, y + (down * step) / steps, size, pen.colour);
      walker.walk(length);
    }
  }

  #square(x: number, y: number, size: number, colour: Colour): void {
    const [left, top] = [Math.round(x - size / 2), Math.round(y - size / 2)];
    for (let down = 0; down < size; down += 1)
      for (let across = 0; across < size; across += 1) this.#set(left + across, top + down, colour);
  }

  #glyph(x: number, y: number, columns: readonly number[], colour: Colour): void {
    for (const [column, bits] of columns.entries())
      for (let row = 0; row < GLYPH_HEIGHT; row += 1)
        if ((bits & (1 << row)) !== 0) this.#block(x + column * FINE, y + row * FINE, colour);
  }

  #block(x: number, y: number, colour: Colour): void {
    for (let down = 0; down < FINE; down += 1)
      for (let across = 0; across < FINE; across += 1) this.#set(x + across, y + down, colour);
  }

  #set(x: number, y: number, colour: Colour): void {
    if (x < 0 || y < 0 || x >= this.#width || y >= this.#height) return;
    this.#data.set(colour, (y * this.#width + x) * 3);
  }
}

/** Where in its pattern of dashes a line is. */
class DashWalker {
  readonly #dashes: readonly number[];
  readonly #total: number;
  #at = 0;

  constructor(dashes: readonly number[]) {
    this.#dashes = dashes;
    this.#total = dashes.reduce((sum, length) => sum + length, 0);
  }

  isDrawn(): boolean {
    if (this.#total === 0) return true;
    let rest = this.#at;
    for (const [index, length] of this.#dashes.entries()) {
      if (rest < length) return index % 2 === 0;
      rest -= length;
    }
    return true;
  }

  walk(length: number): void {
    if (this.#total > 0) this.#at = (this.#at + length) % this.#total;
  }
}
