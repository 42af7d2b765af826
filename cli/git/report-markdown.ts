/** A report in GitHub's Markdown, fit for a comment on a pull request. */
import { escapeMarkdown } from "../output/markdown.js";
import type { ReportCell, ReportDocument, ReportTable } from "./report-document.js";

export function reportMarkdown({ title, paragraphs, tables }: ReportDocument): string {
  const parts = [`## ${escapeMarkdown(title)}`, ...paragraphs.map(escapeMarkdown), ...tables.map(tableText)];
  return `${parts.join("\n\n")}\n`;
}

function tableText({ title, columns, rows, note }: ReportTable): string {
  const lines = [
    columns.map((column) => escapeMarkdown(column.title)),
    columns.map(({ isNumber }) => (isNumber ? "---:" : "---")),
    ...rows.map((row) => row.map(cellText)),
  ].map((cells) => `| ${cells.join(" | ")} |`);
  return [
    `### ${escapeMarkdown(title)}`,
    lines.join("\n"),
    ...(note === "" ? [] : [escapeMarkdown(note)]),
  ].join("\n\n");
}

function cellText({ text, verdict, isCode }: ReportCell): string {
  const shown = isCode && /^[\w./-]+$/.test(text) ? `\`${text}\`` : escapeMarkdown(text);
  return verdict === "worse" || verdict === "better" ? `**${shown}** ${verdict}` : shown;
}
