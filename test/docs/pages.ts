/** The documentation as its readers get it: pages, fenced blocks, links. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "../helpers/python.js";

export interface Block {
  /** The word after the fence: `sh`, `console`, `ts`. */
  readonly language: string;
  readonly text: string;
  /** Line of the opening fence, counted from 1. */
  readonly line: number;
}

/** Every Markdown page for users and contributors, relative to the repository. */
export function pages(): readonly string[] {
  const tree = readdirSync(join(REPOSITORY, "docs"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => join("docs", path));
  const top = readdirSync(REPOSITORY).filter((name) => name.endsWith(".md"));
  return [...top, "examples/wine/README.md", ...tree];
}

export function readPage(path: string): string {
  return readFileSync(join(REPOSITORY, path), "utf8");
}

export function fencedBlocks(page: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: { language: string; line: number; lines: string[] } | null = null;
  for (const [index, line] of page.split("\n").entries()) {
    const fence = /^\s*```(\w*)/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === null) open = { language: fence[1] ?? "", line: index + 1, lines: [] };
    else {
      blocks.push({ language: open.language, line: open.line, text: open.lines.join("\n") });
      open = null;
    }
  }
  return blocks;
}

/** The prose of a page: its text without the fenced blocks. */
export function withoutBlocks(page: string): string {
  return page.replace(/^```[\s\S]*?^```/gm, "");
}
