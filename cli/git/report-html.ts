/** A report as one HTML page without scripts and without anything from elsewhere. */
import { escapeXml } from "../output/escape-xml.js";
import type { ReportCell, ReportDocument, ReportTable } from "./report-document.js";

const STYLE = [
  "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1f2328;background:#fff}",
  "table{border-collapse:collapse;margin:.5rem 0}th,td{border:1px solid #d0d7de;padding:.25rem .6rem;text-align:left}",
  ".n{text-align:right;font-variant-numeric:tabular-nums}.better{color:#116329}.worse{color:#a40e26}",
  "@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}th,td{border-color:#3d444d}.better{color:#56d364}.worse{color:#ff7b72}}",
].join("");

export function reportHtml({ title, paragraphs, tables }: ReportDocument): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeXml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeXml(title)}</h1>
${paragraphs.map((text) => `<p>${escapeXml(text)}</p>`).join("\n")}
${tables.map(tableText).join("\n")}
</body>
</html>
`;
}

function tableText({ title, columns, rows, note }: ReportTable): string {
  const numbers = columns.map(({ isNumber }) => isNumber === true);
  const heads = columns.map(
    (column, at) => `<th${numbers[at] ? ' class="n"' : ""}>${escapeXml(column.title)}</th>`,
  );
  const lines = rows.map(
    (row) => `<tr>${row.map((cell, at) => cellText(cell, numbers[at] === true)).join("")}</tr>`,
  );
  const below = note === "" ? "" : `\n<p>${escapeXml(note)}</p>`;
  return `<h2>${escapeXml(title)}</h2>\n<table>\n<thead><tr>${heads.join("")}</tr></thead>\n<tbody>\n${lines.join("\n")}\n</tbody>\n</table>${below}`;
}

function cellText({ text, verdict, isCode }: ReportCell, isNumber: boolean): string {
  const shown = isCode ? `<code>${escapeXml(text)}</code>` : escapeXml(text);
  const told =
    verdict === "better" || verdict === "worse" ? ` <span class="${verdict}">${verdict}</span>` : "";
  return `<td${isNumber ? ' class="n"' : ""}>${shown}${told}</td>`;
}
