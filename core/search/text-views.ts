/** What can be made of the texts of a column once, for every test and order that needs it. */
import { parsePythonFloat } from "../../store-format/index.js";
import { foldCase } from "./fold-case.js";

type Texts = readonly string[];

const numbers = new WeakMap<Texts, Float64Array>();
const folded = new WeakMap<Texts, Texts>();
const searches = new WeakMap<Texts, TextSearch>();
const FEW_TEXTS = 64;
/** Most characters of texts that are joined: joining takes their room once more. */
const MAX_JOINED = 1 << 25;
const SEPARATOR = "\u0000";

/** The number of each text, as Python reads it; NaN for a text that is none. */
export function numbersOf(texts: Texts): Float64Array {
  let values = numbers.get(texts);
  if (values === undefined) {
    values = Float64Array.from(texts, numberOfText);
    numbers.set(texts, values);
  }
  return values;
}

/** Each text in folded case. */
export function foldedOf(texts: Texts): Texts {
  let values = folded.get(texts);
  if (values === undefined) {
    values = texts.map(foldCase);
    folded.set(texts, values);
  }
  return values;
}

/** Whether one search through all texts finds it in each: what stands between them is no part of it. */
export function canBeFound(part: string): boolean {
  return part !== "" && !part.includes(SEPARATOR);
}

/** Searching many texts at once; null when that is no gain: for few texts and for very long ones. */
export function textSearch(texts: Texts): TextSearch | null {
  if (texts.length < FEW_TEXTS) return null;
  let search = searches.get(texts);
  if (search === undefined) {
    search = new TextSearch(texts);
    searches.set(texts, search);
  }
  return search.length > MAX_JOINED ? null : search;
}

export class TextSearch {
  /** Characters of all texts, and one for each. */
  readonly length: number;
  readonly #texts: Texts;
  #uses = 0;
  #joined: JoinedTexts | undefined;

  constructor(texts: Texts) {
    this.#texts = texts;
    this.length = texts.reduce((sum, text) => sum + text.length + 1, 0);
  }

  /** Null for the first search: joining the texts takes as long as searching them one by one. */
  joined(): JoinedTexts | null {
    this.#uses += 1;
    if (this.#uses > 1) this.#joined ??= new JoinedTexts(this.#texts);
    return this.#joined ?? null;
  }
}

/** Texts of a column, one after another: one search finds all that hold something. */
export class JoinedTexts {
  readonly #all: string;
  readonly #starts: Uint32Array;

  constructor(texts: Texts) {
    this.#all = texts.join(SEPARATOR) + SEPARATOR;
    this.#starts = new Uint32Array(texts.length + 1);
    texts.forEach((text, index) => {
      this.#starts[index + 1] = this.#starts[index]! + text.length + 1;
    });
  }

  /** Sets the mark of each text that holds `part`, by its code, to 0; false when none does. `part` is {@link canBeFound}. */
  markHolding(part: string, marks: Uint8Array): boolean {
    let any = false;
    let index = 0;
    for (let at = this.#all.indexOf(part); at >= 0; at = this.#all.indexOf(part, this.#starts[index]!)) {
      index = this.#textAt(at, index) + 1;
      marks[index] = 0;
      any = true;
    }
    return any;
  }

  /** The text that has the character at `at`, from `from` on. */
  #textAt(at: number, from: number): number {
    let [low, high] = [from, this.#starts.length - 2];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#starts[middle]! <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

const PLAIN = /^-?[0-9]+(?:\.[0-9]*)?$/;

function numberOfText(text: string): number {
  return PLAIN.test(text) ? Number(text) : (parsePythonFloat(text) ?? Number.NaN);
}
