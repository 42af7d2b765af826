/** Tables in GitHub's Markdown. */
import { type CellValue, isBold, textForPeople } from "./cell.js";
import { isRightAligned, type RowColumn } from "./row-column.js";
import { visible } from "./visible.js";

export function markdownHead(columns: readonly RowColumn[], title: string | undefined): string {
  const caption = title === undefined ? "" : `**${escapeMarkdown(title)}**\n\n`;
  const names = columns.map(({ title: name }) => escapeMarkdown(name));
  const rules = columns.map((column) => (isRightAligned(column) ? "---:" : "---"));
  return `${caption}${line(names)}${line(rules)}`;
}

export function markdownLine(cells: readonly CellValue[]): string {
  return line(cells.map(markdownCell));
}

function markdownCell(cell: CellValue): string {
  const text = escapeMarkdown(textForPeople(cell));
  return isBold(cell) && text !== "" ? `**${text}**` : text;
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |\n`;
}

/**
 * The text in one line, none of it markup. An underscore inside a word has no meaning in GitHub's Markdown and stays, so
 * that `val_loss` can be read in the source.
 */
export function escapeMarkdown(text: string): string {
  return visible(text)
    .trim()
    .replace(/[\\`*[\]|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, "\\$&")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;");
}
