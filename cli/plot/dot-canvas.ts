/** A grid of dots in characters: 2 x 4 dots in a braille character, 2 x 2 in a block, one in plain ASCII. */

export type Glyphs = "braille" | "block" | "ascii";

interface DotShape {
  readonly across: number;
  readonly down: number;
}

const SHAPES: Readonly<Record<Glyphs, DotShape>> = {
  braille: { across: 2, down: 4 },
  block: { across: 2, down: 2 },
  ascii: { across: 1, down: 1 },
};
/** Bits of the dots of a braille character, row by row. */
const BRAILLE_BITS = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];
/** By the bits of upper left, upper right, lower left, lower right. */
const BLOCKS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█";

export interface Cell {
  readonly text: string;
  /** The curve drawn last in this cell; null for an empty one. */
  readonly curve: number | null;
}

export class DotCanvas {
  readonly columns: number;
  readonly rows: number;
  /** Dots across and down. */
  readonly width: number;
  readonly height: number;
  readonly #glyphs: Glyphs;
  readonly #shape: DotShape;
  readonly #bits: Uint8Array;
  /** Numbers of curves plus one; 0: none. */
  readonly #curve: Uint16Array;
  readonly #shared: Uint8Array;

  constructor(columns: number, rows: number, glyphs: Glyphs) {
    this.columns = columns;
    this.rows = rows;
    this.#glyphs = glyphs;
    this.#shape = SHAPES[glyphs];
    this.width = columns * this.#shape.across;
    this.height = rows * this.#shape.down;
    this.#bits = new Uint8Array(columns * rows);
    this.#curve = new Uint16Array(columns * rows);
    this.#shared = new Uint8Array(columns * rows);
  }

  /** The dot of shares of the width (from the left) and of the height (from below), both from 0 to 1. */
  dotAt(x: number, y: number): readonly [number, number] {
    return [dotOf(x, this.width), this.height - 1 - dotOf(y, this.height)];
  }

  /** Dots are counted from the left and from above. Those outside are left out. */
  set(x: number, y: number, curve: number): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const { across, down } = this.#shape;
    const cell = Math.floor(y / down) * this.columns + Math.floor(x / across);
    this.#bits[cell]! |= 1 << ((y % down) * across + (x % across));
    if (this.#curve[cell] !== 0 && this.#curve[cell] !== curve + 1) this.#shared[cell] = 1;
    this.#curve[cell] = curve + 1;
  }

  isSet(x: number, y: number): boolean {
    const { across, down } = this.#shape;
    const cell = Math.floor(y / down) * this.columns + Math.floor(x / across);
    return (this.#bits[cell]! & (1 << ((y % down) * across + (x % across)))) !== 0;
  }

  /** Every dot between the two, both included. */
  line(from: readonly [number, number], to: readonly [number, number], curve: number): void {
    let [x, y] = from;
    const [right, down] = [Math.abs(to[0] - x), Math.abs(to[1] - y)];
    const [stepX, stepY] = [x < to[0] ? 1 : -1, y < to[1] ? 1 : -1];
    for (let error = right - down; ; ) {
      this.set(x, y, curve);
      if (x === to[0] && y === to[1]) return;
      const twice = 2 * error;
      if (twice > -down) {
        error -= down;
        x += stepX;
      }
      if (twice < right) {
        error += right;
        y += stepY;
      }
    }
  }

  /** The cells of a row. In ASCII a dot is the letter of its curve, `*` where several meet. */
  row(index: number, letters: readonly string[]): readonly Cell[] {
    return Array.from({ length: this.columns }, (_, column) => {
      const cell = index * this.columns + column;
      const curve = this.#curve[cell]! - 1;
      if (curve < 0) return { text: " ", curve: null };
      return { text: this.#glyph(cell, letters[curve] ?? "?"), curve };
    });
  }

  #glyph(cell: number, letter: string): string {
    const bits = this.#bits[cell]!;
    if (this.#glyphs === "ascii") return this.#shared[cell] === 1 ? "*" : letter;
    if (this.#glyphs === "block") return BLOCKS[bits]!;
    let code = 0;
    for (const [dot, bit] of BRAILLE_BITS.entries()) if ((bits & (1 << dot)) !== 0) code |= bit;
    return String.fromCharCode(0x2800 + code);
  }
}

function dotOf(share: number, count: number): number {
  return Math.min(count - 1, Math.max(0, Math.floor(share * count))) || 0;
}
