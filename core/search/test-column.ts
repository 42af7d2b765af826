/** One condition over one column: texts are tested once each, whatever the number of rows. */
import type { Condition, OrderOperator } from "./filter.js";
import { firstRowsOf, type Rows, roomForRows, rowsThat } from "./rows.js";
import type { Column, NumberColumn, TextColumn, TextListColumn } from "./table.js";
import { canBeFound, foldedOf, numbersOf, textSearch } from "./text-views.js";
import { COST, type Meter, type SearchWork } from "./work.js";

export interface Candidates {
  readonly rows: Rows;
  readonly work: SearchWork;
}

/** The candidates whose value passes. `column` null: no row has a value. */
export function passingRows(column: Column | null, condition: Condition, candidates: Candidates): Rows {
  const { rows, work } = candidates;
  work.look(rows.length * COST.row);
  if (condition.kind === "present") return presentRows(column, condition.wanted, rows);
  if (column === null) return rows.subarray(0, 0);
  if (column.kind === "number") return numberRows(column, condition, rows);
  if (column.kind === "texts") return listRows(column, condition, candidates);
  return textRows(column, condition, candidates);
}

function presentRows(column: Column | null, wanted: boolean, rows: Rows): Rows {
  if (column === null) return wanted ? rows.subarray(0, 0) : rows;
  const has = presence(column);
  return rowsThat(rows, (row) => has(row) === wanted);
}

function presence(column: Column): (row: number) => boolean {
  if (column.kind === "text") return (row) => column.codes[row] !== 0;
  if (column.kind === "texts") return (row) => column.offsets[row] !== column.offsets[row + 1];
  const { present } = column;
  return present === null ? () => true : (row) => present[row] === 1;
}

function numberRows({ values, present }: NumberColumn, condition: Condition, rows: Rows): Rows {
  const passing = rowsOfNumbers(values, condition, rows);
  return present === null ? passing : rowsThat(passing, (row) => present[row] === 1);
}

function rowsOfNumbers(values: Float64Array, condition: Condition, rows: Rows): Rows {
  switch (condition.kind) {
    case "number":
      return comparedRows(values, condition, rows);
    case "range": {
      const { from, to, negated } = condition;
      return rowsThat(rows, (row) => (values[row]! >= from && values[row]! < to) !== negated);
    }
    case "numbers":
      return rowsThat(rows, (row) => condition.values.has(values[row]!) !== condition.negated);
    default:
      return rows.subarray(0, 0);
  }
}

interface Comparison {
  readonly operator: OrderOperator;
  readonly value: number;
}

/** One loop an operator: the comparison is known when the loop is compiled. */
function comparedRows(values: Float64Array, { operator, value }: Comparison, rows: Rows): Rows {
  const passing = roomForRows(rows.length);
  const { length } = rows;
  let count = 0;
  switch (operator) {
    case "=":
      if (Number.isNaN(value)) return rowsThat(rows, (row) => Number.isNaN(values[row]));
      for (let at = 0; at < length; at += 1) {
        passing[count] = rows[at]!;
        count += values[rows[at]!] === value ? 1 : 0;
      }
      break;
    case "!=":
      if (Number.isNaN(value)) return rowsThat(rows, (row) => !Number.isNaN(values[row]));
      for (let at = 0; at < length; at += 1) {
        passing[count] = rows[at]!;
        count += values[rows[at]!] !== value ? 1 : 0;
      }
      break;
    case "<":
      for (let at = 0; at < length; at += 1) {
        passing[count] = rows[at]!;
        count += values[rows[at]!]! < value ? 1 : 0;
      }
      break;
    case "<=":
      for (let at = 0; at < length; at += 1) {
        passing[count] = rows[at]!;
        count += values[rows[at]!]! <= value ? 1 : 0;
      }
      break;
    case ">":
      for (let at = 0; at < length; at += 1) {
        passing[count] = rows[at]!;
        count += values[rows[at]!]! > value ? 1 : 0;
      }
      break;
    case ">=":
      for (let at = 0; at < length; at += 1) {
        passing[count] = rows[at]!;
        count += values[rows[at]!]! >= value ? 1 : 0;
      }
  }
  return firstRowsOf(passing, count, rows);
}

function textRows(column: TextColumn, condition: Condition, candidates: Candidates): Rows {
  const { codes, texts } = column;
  const { rows } = candidates;
  if (condition.kind === "equal") return equalRows(column, condition, candidates);
  const passes = codeTest(texts, condition, candidates);
  return passes === null ? rows.subarray(0, 0) : rowsThat(rows, (row) => passes(codes[row]!));
}

function equalRows(
  { codes, texts }: TextColumn,
  { value, negated = false }: { readonly value: string; readonly negated?: boolean },
  { rows, work }: Candidates,
): Rows {
  work.look(texts.length * COST.equal);
  const wanted = texts.indexOf(value) + 1;
  if (negated) return rowsThat(rows, (row) => codes[row] !== wanted && codes[row] !== 0);
  return wanted === 0 ? rows.subarray(0, 0) : rowsThat(rows, (row) => codes[row] === wanted);
}

/** A list passes when one of its texts does. */
function listRows(column: TextListColumn, condition: Condition, candidates: Candidates): Rows {
  const { offsets, codes, texts } = column;
  const { rows } = candidates;
  const passes = codeTest(texts, condition, candidates);
  if (passes === null) return rows.subarray(0, 0);
  return rowsThat(rows, (row) => {
    const end = offsets[row + 1]!;
    for (let at = offsets[row]!; at < end; at += 1) if (passes(codes[at]!)) return true;
    return false;
  });
}

/** Whether the text of a code passes; 0, no text, does not. Null: none can. */
type CodeTest = (code: number) => boolean;

const UNKNOWN = 0;
const FAILS = 1;
const PASSES = 2;

/** Each text is tested when it is first asked for. */
function codeTest(texts: readonly string[], condition: Condition, candidates: Candidates): CodeTest | null {
  const verdicts = new Uint8Array(texts.length + 1);
  const prepared = prepare(texts, condition, { ...candidates, verdicts });
  const test = prepared === null ? null : textTest(texts, condition, prepared);
  if (prepared === null || test === null) return null;
  const [matching, other] = isNegated(condition) ? [FAILS, PASSES] : [PASSES, FAILS];
  verdicts[0] = FAILS;
  return (code) => {
    if (verdicts[code] === UNKNOWN) {
      prepared.look(COST.text);
      verdicts[code] = test(code - 1) ? matching : other;
    }
    return verdicts[code] === PASSES;
  };
}

function isNegated(condition: Condition): boolean {
  return "negated" in condition && condition.negated === true;
}

interface Preparation extends Candidates {
  /** By code. */
  readonly verdicts: Uint8Array;
}

/**
 * Sets the verdict of the texts that do not hold what a text must hold to match, where all are searched for it at once.
 * Returns what the other tests are counted by; null when no text can pass.
 */
function prepare(
  texts: readonly string[],
  condition: Condition,
  { rows, work, verdicts }: Preparation,
): Meter | null {
  if (condition.kind !== "text" && condition.kind !== "folded") return work;
  const { holds = "", negated = false } = condition;
  // For few rows, searching all texts is no gain.
  if (rows.length * 2 < texts.length || !canBeFound(holds)) return work;
  const search = textSearch(condition.kind === "folded" ? foldedOf(texts) : texts);
  if (search === null) return work;
  work.look(texts.length * COST.text + search.length * COST.character);
  const joined = search.joined();
  if (joined !== null) {
    const any = joined.markHolding(holds, verdicts.fill(negated ? PASSES : FAILS));
    if (!any && !negated) return null;
  }
  return work.withoutLooks();
}

/** Whether a text matches, by its place. */
function textTest(
  texts: readonly string[],
  condition: Condition,
  work: Meter,
): ((index: number) => boolean) | null {
  switch (condition.kind) {
    case "text number": {
      const numbers = numbersOf(texts);
      return (index) => condition.matches(numbers[index]!);
    }
    case "folded": {
      const folded = foldedOf(texts);
      return (index) => condition.matches(folded[index]!, work);
    }
    case "text":
      return (index) => condition.matches(texts[index]!, work);
    case "equal":
      return (index) => texts[index] === condition.value;
    default:
      return null;
  }
}
