/** Differences of code for people. */
import { StringDecoder } from "node:string_decoder";
import { type ChangedFile, type CodeStates, streamPatch } from "../../core/git/diff/diff-code.js";
import type { Repository } from "../../core/git/index.js";
import type { CommandContext } from "../context.js";
import { PLAIN } from "../output/style.js";
import { visible, visibleText } from "../output/visible.js";

export interface ShownCode {
  readonly states: CodeStates;
  readonly files: readonly ChangedFile[];
  /** The list of files alone. */
  readonly stat: boolean;
  readonly words: boolean;
}

export async function printCode(
  context: CommandContext,
  repository: Repository,
  { states, files, stat, words }: ShownCode,
): Promise<void> {
  const { out, style } = context;
  out.line("");
  out.line(style.bold(`Code: ${summaryOf(files)}`));
  for (const file of files) out.line(`  ${fileLine(file)}`);
  if (stat || files.length === 0) return;
  out.line("");
  await printPatch(context, repository, { states, words });
}

/** `2 files changed, 5 lines added, 1 removed` */
export function summaryOf(files: readonly ChangedFile[]): string {
  if (files.length === 0) return "the same";
  const sum = (of: "added" | "removed") => files.reduce((total, file) => total + (file[of] ?? 0), 0);
  const [added, removed] = [sum("added"), sum("removed")];
  return `${files.length} ${files.length === 1 ? "file" : "files"} changed, ${added} ${added === 1 ? "line" : "lines"} added, ${removed} removed`;
}

function fileLine({ path, before, added, removed }: ChangedFile): string {
  const name = before === null ? visible(path) : `${visible(before)} -> ${visible(path)}`;
  return added === null || removed === null ? `${name}  binary` : `${name}  +${added} -${removed}`;
}

/** On a terminal, control characters of the files are made visible; Git's colours stay. */
async function printPatch(
  { out, style }: CommandContext,
  repository: Repository,
  { states, words }: { readonly states: CodeStates; readonly words: boolean },
): Promise<void> {
  const colour = style !== PLAIN;
  const decoder = new StringDecoder("utf8");
  for await (const piece of streamPatch(repository, states, { colour, words })) {
    if (!out.isTerminal) out.bytes(piece);
    else out.write(shownOnTerminal(decoder.write(piece), colour));
  }
}

/** Git's own colour codes, between which every text is made visible. */
const COLOUR_CODE = /(\x1b\[[0-9;]*m)/;

function shownOnTerminal(text: string, colour: boolean): string {
  if (!colour) return visibleText(text);
  return text
    .split(COLOUR_CODE)
    .map((part, index) => (index % 2 === 1 ? part : visibleText(part)))
    .join("");
}

/** The patch without colours. */
export async function patchText(repository: Repository, states: CodeStates, words: boolean): Promise<string> {
  const decoder = new StringDecoder("utf8");
  let text = "";
  for await (const piece of streamPatch(repository, states, { colour: false, words }))
    text += decoder.write(piece);
  return text + decoder.end();
}
