/** Tables in LaTeX, ruled by the package booktabs. */
import { type CellValue, cellValue, isBold, textForPeople } from "./cell.js";
import { isRightAligned, type RowColumn } from "./row-column.js";
import { visible } from "./visible.js";

export function latexHead(columns: readonly RowColumn[], title: string | undefined): string {
  const float = title === undefined ? "" : `\\begin{table}\n\\centering\n\\caption{${escapeLatex(title)}}\n`;
  const alignments = columns.map((column) => (isRightAligned(column) ? "r" : "l")).join("");
  const names = columns.map(({ title: name }) => guardStart(escapeLatex(name)));
  return `% \\usepackage{booktabs}\n${float}\\begin{tabular}{${alignments}}\n\\toprule\n${line(names)}\\midrule\n`;
}

export function latexLine(cells: readonly CellValue[]): string {
  return line(cells.map(latexCell));
}

export function latexFoot(title: string | undefined): string {
  return `\\bottomrule\n\\end{tabular}\n${title === undefined ? "" : "\\end{table}\n"}`;
}

function latexCell(cell: CellValue): string {
  const text = latexText(textForPeople(cell), typeof cellValue(cell) === "number");
  if (!isBold(cell) || text === "") return text;
  return text.includes("$") && text !== escapeLatex(textForPeople(cell))
    ? `\\textbf{\\boldmath ${text}}`
    : `\\textbf{${text}}`;
}

/**
 * A minus is a minus sign and `3e-4` a power of ten, also of params, which are texts; everything else is text. `2451e45` may
 * be the beginning of an id: it is a power of ten only where the value is a number.
 */
function latexText(text: string, isNumber: boolean): string {
  const number =
    /^(-?)(\d+(?:\.\d+)?)(?:e([+-]?\d+))?((?: ?\u00b1 ?| \+- )\d+(?:\.\d+)?(?:e[+-]?\d+)?)?((?: \(\d+\/\d+\))?(?: @ \d+)?)$/.exec(
      text,
    );
  if (number === null) return guardStart(escapeLatex(text));
  const [, sign, digits, exponent, spread, behind] = number;
  if (!isNumber && exponent !== undefined && !exponent.startsWith("-")) return escapeLatex(text);
  if (sign === "" && exponent === undefined && spread === undefined) return text;
  return `$${sign}${digits}${power(exponent)}${spread === undefined ? "" : latexSpread(spread)}$${behind}`;
}

function latexSpread(spread: string): string {
  const [, digits, exponent] = /([\d.]+)(?:e([+-]?\d+))?$/.exec(spread)!;
  return ` \\pm ${digits}${power(exponent)}`;
}

function power(exponent: string | undefined): string {
  return exponent === undefined ? "" : ` \\times 10^{${Number(exponent)}}`;
}

function line(cells: readonly string[]): string {
  return `${cells.join(" & ")} \\\\\n`;
}

/** `\\` of the line before would take a `[` or `*` at the start of this one for its own. */
function guardStart(text: string): string {
  return /^[[*]/.test(text) ? `{${text[0]}}${text.slice(1)}` : text;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "{": "\\{",
  "}": "\\}",
  $: "\\$",
  "&": "\\&",
  "#": "\\#",
  "%": "\\%",
  _: "\\_",
  "^": "\\textasciicircum{}",
  "~": "\\textasciitilde{}",
  "<": "\\textless{}",
  ">": "\\textgreater{}",
  "|": "\\textbar{}",
  '"': "''",
  "±": "$\\pm$",
  "×": "$\\times$",
  "…": "\\dots{}",
  "\u2212": "$-$",
};

/** The text in one line, none of it a command. Dashes and quotes do not join into ligatures. */
export function escapeLatex(text: string): string {
  return visible(text)
    .trim()
    .replace(/[\\{}$&#%_^~<>|"\u00b1\u00d7\u2026\u2212]/g, (character) => ESCAPES[character]!)
    .replace(/-(?=-)/g, "-{}")
    .replace(/`(?=`)/g, "`{}");
}
