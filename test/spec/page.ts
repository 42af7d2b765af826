/** SPEC.md as a test reads it: its fences and its tables. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "../unit/format-support.js";

export interface Fence {
  /** The words of the info string: language, file kind, name, ... */
  readonly info: readonly string[];
  /** The lines between the fences, each with its LF. */
  readonly text: string;
  /** Number of the opening line in SPEC.md, from 1. */
  readonly line: number;
}

export const PAGE = readFileSync(join(REPOSITORY, "SPEC.md"), "utf8");

export function fencesOf(page: string): Fence[] {
  const fences: Fence[] = [];
  const lines = page.split("\n");
  for (let i = 0; i < lines.length; i += 1) {
    const info = /^```(.*)$/.exec(lines[i]!)?.[1];
    if (info === undefined) continue;
    const end = lines.indexOf("```", i + 1);
    if (end < 0) throw new Error(`SPEC.md, line ${i + 1}: the fence is not closed`);
    const text = lines
      .slice(i + 1, end)
      .map((line) => `${line}\n`)
      .join("");
    fences.push({ info: info.split(" "), text, line: i + 1 });
    i = end;
  }
  return fences;
}

/** The fence whose info string has these words after the language. */
export function fenceOf(page: string, ...words: readonly string[]): Fence {
  const found = fencesOf(page).find(({ info }) => words.every((word, i) => info[i + 1] === word));
  if (found === undefined) throw new Error(`SPEC.md has no fence ${words.join(" ")}`);
  return found;
}

/** The bytes of a dump: lines of an offset, pairs of digits, and `; what they mean`. Offsets must be right. */
export function bytesOfDump(dump: string): Uint8Array {
  const bytes: number[] = [];
  for (const line of dump.trimEnd().split("\n")) {
    const [offset, ...pairs] = (line.split(";")[0] ?? "").trim().split(/ +/);
    if (Number.parseInt(offset!, 16) !== bytes.length) throw new Error(`wrong offset: ${line}`);
    for (const pair of pairs) {
      if (!/^[0-9a-f]{2}$/.test(pair)) throw new Error(`no byte: ${pair} in ${line}`);
      bytes.push(Number.parseInt(pair, 16));
    }
  }
  return Uint8Array.from(bytes);
}

/** Rows of the first table behind a heading, without its two head lines; cells trimmed. */
export function tableBehind(page: string, heading: string): string[][] {
  const section = page.slice(page.indexOf(`\n${heading}\n`) + 1);
  const rows = section.split("\n").slice(1);
  const start = rows.findIndex((line) => line.startsWith("|"));
  const end = rows.findIndex((line, i) => i > start && !line.startsWith("|"));
  return rows.slice(start + 2, end).map((row) =>
    row
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}
