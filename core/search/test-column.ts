/** One condition over one column: texts are tested once each, whatever the number of rows. */
import type { Condition, OrderOperator } from "./filter.js";
import type { RowMask } from "./row-mask.js";
import type { Column, NumberColumn, TextColumn, TextListColumn } from "./table.js";
import { foldedOf, numbersOf } from "./text-views.js";

/** The rows whose value passes. `column` null: no row has a value. */
export function testColumn(column: Column | null, condition: Condition, rowCount: number): RowMask {
  const mask = new Uint8Array(rowCount);
  if (condition.kind === "present") markPresent(column, condition.wanted, mask);
  else if (column === null) return mask;
  else if (column.kind === "number") markNumbers(column, condition, mask);
  else if (column.kind === "text") markTexts(column, condition, mask);
  else markLists(column, condition, mask);
  return mask;
}

function markPresent(column: Column | null, wanted: boolean, mask: RowMask): void {
  const has = column === null ? () => false : presence(column);
  for (let row = 0; row < mask.length; row += 1) if (has(row) === wanted) mask[row] = 1;
}

function presence(column: Column): (row: number) => boolean {
  if (column.kind === "text") return (row) => column.codes[row] !== 0;
  if (column.kind === "texts") return (row) => column.offsets[row] !== column.offsets[row + 1];
  const { present } = column;
  return present === null ? () => true : (row) => present[row] === 1;
}

function markNumbers(column: NumberColumn, condition: Condition, mask: RowMask): void {
  const { values, present } = column;
  if (condition.kind === "number") compareNumbers(values, condition.operator, condition.value, mask);
  else if (condition.kind === "range") {
    const { from, to, negated } = condition;
    for (let row = 0; row < mask.length; row += 1)
      if ((values[row]! >= from && values[row]! < to) !== negated) mask[row] = 1;
  } else if (condition.kind === "numbers") {
    for (let row = 0; row < mask.length; row += 1)
      if (condition.values.has(values[row]!) !== condition.negated) mask[row] = 1;
  }
  if (present !== null) for (let row = 0; row < mask.length; row += 1) mask[row]! &= present[row]!;
}

/** One loop an operator: the comparison is known when the loop is compiled. */
function compareNumbers(values: Float64Array, operator: OrderOperator, value: number, mask: RowMask): void {
  const { length } = mask;
  switch (operator) {
    case "=":
      if (Number.isNaN(value)) return markNaN(values, 1, mask);
      for (let row = 0; row < length; row += 1) mask[row] = values[row] === value ? 1 : 0;
      return;
    case "!=":
      if (Number.isNaN(value)) return markNaN(values, 0, mask);
      for (let row = 0; row < length; row += 1) mask[row] = values[row] !== value ? 1 : 0;
      return;
    case "<":
      for (let row = 0; row < length; row += 1) mask[row] = values[row]! < value ? 1 : 0;
      return;
    case "<=":
      for (let row = 0; row < length; row += 1) mask[row] = values[row]! <= value ? 1 : 0;
      return;
    case ">":
      for (let row = 0; row < length; row += 1) mask[row] = values[row]! > value ? 1 : 0;
      return;
    case ">=":
      for (let row = 0; row < length; row += 1) mask[row] = values[row]! >= value ? 1 : 0;
  }
}

function markNaN(values: Float64Array, mark: 0 | 1, mask: RowMask): void {
  for (let row = 0; row < mask.length; row += 1) mask[row] = Number.isNaN(values[row]) ? mark : 1 - mark;
}

function markTexts({ codes, texts }: TextColumn, condition: Condition, mask: RowMask): void {
  if (condition.kind === "equal") {
    const code = texts.indexOf(condition.value) + 1;
    if (code === 0) return;
    for (let row = 0; row < mask.length; row += 1) mask[row] = codes[row] === code ? 1 : 0;
    return;
  }
  const verdicts = judge(texts, condition);
  if (verdicts === null) return;
  for (let row = 0; row < mask.length; row += 1) mask[row] = verdicts[codes[row]!]!;
}

/** A list passes when one of its texts does. */
function markLists({ offsets, codes, texts }: TextListColumn, condition: Condition, mask: RowMask): void {
  const verdicts = judge(texts, condition);
  if (verdicts === null) return;
  for (let row = 0; row < mask.length; row += 1) {
    const end = offsets[row + 1]!;
    for (let at = offsets[row]!; at < end; at += 1) mask[row]! |= verdicts[codes[at]!]!;
  }
}

/** By code: 1 for the texts that pass; null when none does. */
function judge(texts: readonly string[], condition: Condition): Uint8Array | null {
  if (condition.kind === "text number") return verdictsOf(numbersOf(texts), condition.matches);
  if (condition.kind === "folded") return verdictsOf(foldedOf(texts), condition.matches);
  if (condition.kind === "text") return verdictsOf(texts, condition.matches);
  return condition.kind === "equal" ? verdictsOf(texts, (text) => text === condition.value) : null;
}

function verdictsOf<Value>(values: ArrayLike<Value>, matches: (value: Value) => boolean): Uint8Array | null {
  const verdicts = new Uint8Array(values.length + 1);
  let any = 0;
  for (let i = 0; i < values.length; i += 1) {
    const verdict = matches(values[i]!) ? 1 : 0;
    verdicts[i + 1] = verdict;
    any |= verdict;
  }
  return any === 0 ? null : verdicts;
}
