/** What two states of the code differ in. */
import { excludedPaths } from "../../capture/git.js";
import type { Repository } from "../repository.js";

export interface CodeStates {
  /** An object id. */
  readonly from: string;
  /** An object id; null: the work tree as it is now, without its untracked files. */
  readonly to: string | null;
  /** Files and directories from the root of the work tree, literal. None: all. */
  readonly paths: readonly string[];
  /** Left out, as `.runstone` is. */
  readonly storePath: string;
}

export interface ChangedFile {
  /** As in `to`. */
  readonly path: string;
  /** Where it was before; only of a renamed file. */
  readonly before: string | null;
  /** Lines; null for a binary file. */
  readonly added: number | null;
  readonly removed: number | null;
}

/** Nothing that the repository names is started: no external diff, no text conversion. */
const DIFF = ["diff", "--no-ext-diff", "--no-textconv", "--find-renames", "--submodule=short"];

export async function listChangedFiles(
  repository: Repository,
  states: CodeStates,
): Promise<readonly ChangedFile[]> {
  const { stdout } = await repository.git([...DIFF, "--numstat", "-z", ...operands(repository, states)]);
  return parseNumstat(stdout.toString("utf8"));
}

/** How a patch is shown. */
export interface PatchStyle {
  readonly colour: boolean;
  /** Changed words instead of changed lines. */
  readonly words: boolean;
}

/** The patch, as Git prints it. */
export async function* streamPatch(
  repository: Repository,
  states: CodeStates,
  { colour, words }: PatchStyle,
): AsyncGenerator<Buffer> {
  const style = [
    `--color=${colour ? "always" : "never"}`,
    ...(words ? [`--word-diff=${colour ? "color" : "plain"}`] : []),
    "--src-prefix=a/",
    "--dst-prefix=b/",
  ];
  yield* repository.stream([...DIFF, ...style, ...operands(repository, states)]);
}

function operands({ root }: Repository, { from, to, paths, storePath }: CodeStates): readonly string[] {
  const [all, ...excluded] = excludedPaths(root, storePath);
  const included = paths.length === 0 ? [all!] : paths.map((path) => `:(top,literal)${path}`);
  return [from, ...(to === null ? [] : [to]), "--", ...included, ...excluded];
}

/** `ADDED\tREMOVED\tPATH\0`, and of a renamed file `ADDED\tREMOVED\t\0BEFORE\0PATH\0`; `-` for binary files. */
function parseNumstat(text: string): readonly ChangedFile[] {
  const words = text.split("\0");
  const files: ChangedFile[] = [];
  for (let at = 0; at < words.length - 1; at += 1) {
    const [, added = "-", removed = "-", path = ""] = /^(-|\d+)\t(-|\d+)\t(.*)$/s.exec(words[at]!) ?? [];
    const counts = { added: count(added), removed: count(removed) };
    if (path !== "") files.push({ path, before: null, ...counts });
    else {
      files.push({ path: words[at + 2] ?? "", before: words[at + 1] ?? "", ...counts });
      at += 2;
    }
  }
  return files;
}

function count(text: string): number | null {
  return text === "-" ? null : Number(text);
}
