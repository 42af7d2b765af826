/** One dictionary of the dictionaries of several columns. */

export interface MergedTexts {
  readonly texts: readonly string[];
  /** The new code of each code of a dictionary; null: they are the same. */
  readonly codesOf: readonly (Uint32Array | null)[];
}

/** The largest dictionary keeps its codes; what only the others have is put behind it. */
export function mergeDictionaries(dictionaries: readonly (readonly string[])[]): MergedTexts {
  const largest = dictionaries.reduce((most, texts) => (texts.length > most.length ? texts : most), []);
  const others = [...new Set(dictionaries)].filter((texts) => texts !== largest && texts.length > 0);
  if (others.length === 0) return { texts: largest, codesOf: dictionaries.map(() => null) };
  const merging = new Merging(largest, others);
  return {
    codesOf: dictionaries.map((texts) => (texts === largest ? null : merging.codesOf(texts))),
    texts: merging.texts,
  };
}

/**
 * Most texts of large dictionaries (run ids) are in one of them only. A look at their ends shows that of most of them, so
 * that only the rest has to be looked up.
 */
class Merging {
  readonly texts: string[];
  readonly #sketch: Sketch;
  /** Codes of the texts that may be in several dictionaries. */
  readonly #codes = new Map<string, number>();
  readonly #translations = new Map<readonly string[], Uint32Array>();

  constructor(largest: readonly string[], others: readonly (readonly string[])[]) {
    this.texts = largest.slice();
    this.#sketch = new Sketch(others);
    for (let index = 0; index < largest.length; index += 1)
      if (this.#sketch.addIfKnown(largest[index]!)) this.#codes.set(largest[index]!, index + 1);
  }

  codesOf(texts: readonly string[]): Uint32Array {
    let codes = this.#translations.get(texts);
    if (codes === undefined) {
      codes = new Uint32Array(texts.length + 1);
      for (let index = 0; index < texts.length; index += 1) codes[index + 1] = this.#codeOf(texts[index]!);
      this.#translations.set(texts, codes);
    }
    return codes;
  }

  #codeOf(text: string): number {
    if (!this.#sketch.isMaybeTwice(text)) return this.texts.push(text);
    let code = this.#codes.get(text);
    if (code === undefined) {
      code = this.texts.push(text);
      this.#codes.set(text, code);
    }
    return code;
  }
}

/** Tells of most texts that are in only one of the dictionaries that they are. */
class Sketch {
  readonly #characters: number;
  readonly #mask: number;
  /** 0: none, 1: one, 2: several texts of these bits. */
  readonly #counts: Uint8Array;

  constructor(dictionaries: readonly (readonly string[])[]) {
    const textCount = dictionaries.reduce((sum, texts) => sum + texts.length, 0);
    const size = 2 ** Math.ceil(Math.log2(textCount * 8));
    this.#characters = textCount < 1000 ? 4 : 7;
    this.#mask = size - 1;
    this.#counts = new Uint8Array(size);
    for (const texts of dictionaries) for (const text of texts) this.#add(this.#bitsOf(text));
  }

  /** Whether there is a text of the same bits; only then it is added. */
  addIfKnown(text: string): boolean {
    const bits = this.#bitsOf(text);
    if (this.#counts[bits] === 0) return false;
    this.#add(bits);
    return true;
  }

  isMaybeTwice(text: string): boolean {
    return this.#counts[this.#bitsOf(text)] === 2;
  }

  #add(bits: number): void {
    if (this.#counts[bits]! < 2) this.#counts[bits]! += 1;
  }

  /** Of the last characters of a text and its length. */
  #bitsOf(text: string): number {
    let bits = text.length;
    for (let at = Math.max(0, text.length - this.#characters); at < text.length; at += 1)
      bits = Math.imul(bits ^ text.charCodeAt(at), 0x01000193);
    return (bits ^ (bits >>> 15)) & this.#mask;
  }
}
