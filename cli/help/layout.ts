/** Paragraphs and two-column lists, wrapped to a width. */
import type { Environment } from "../context.js";

export type Row = readonly [string, string];

const INDENT = 2;
const GAP = 2;
const WIDEST_NAME = 34;

/** A title and its rows; empty when there are none. */
export function section(title: string, rows: readonly Row[], width: number): string {
  if (rows.length === 0) return "";
  const names = rows.map(([name]) => name.length).filter((length) => length <= WIDEST_NAME);
  const nameWidth = Math.max(0, ...names);
  return [`${title}:`, ...rows.map((row) => renderRow(row, nameWidth, width))].join("\n");
}

/** Breaks a text at spaces; its own line feeds stay. */
export function wrap(text: string, width: number): string {
  return text
    .split("\n")
    .flatMap((line) => wrapLine(line, Math.max(20, width)))
    .join("\n");
}

function renderRow([name, text]: Row, nameWidth: number, width: number): string {
  const start = INDENT + nameWidth + GAP;
  const lines = wrap(text, width - start).split("\n");
  const head = " ".repeat(INDENT) + name.padEnd(nameWidth + GAP);
  const indent = " ".repeat(start);
  const first = name.length > nameWidth ? [head.trimEnd(), indent + lines[0]] : [head + lines[0]];
  return [...first, ...lines.slice(1).map((line) => indent + line)].map((line) => line.trimEnd()).join("\n");
}

function wrapLine(line: string, width: number): string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(" ")) {
    const longer = current === "" ? word : `${current} ${word}`;
    if (longer.length > width && current !== "") {
      lines.push(current);
      current = word;
    } else current = longer;
  }
  return [...lines, current];
}

const WIDEST_HELP = 100;

/** Columns for a help text on this channel. */
export function helpWidth(
  channel: { columns(env: Environment): number | undefined },
  env: Environment,
): number {
  return Math.min(channel.columns(env) ?? WIDEST_HELP, WIDEST_HELP);
}
