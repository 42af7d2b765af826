/** What can be made of the texts of a column once, for every test and order that needs it. */
import { parsePythonFloat } from "../../store-format/index.js";
import { foldCase } from "./fold-case.js";

type Texts = readonly string[];

const numbers = new WeakMap<Texts, Float64Array>();
const folded = new WeakMap<Texts, Texts>();

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

const PLAIN = /^-?[0-9]+(?:\.[0-9]*)?$/;

function numberOfText(text: string): number {
  return PLAIN.test(text) ? Number(text) : (parsePythonFloat(text) ?? Number.NaN);
}
