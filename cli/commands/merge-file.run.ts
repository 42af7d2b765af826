import { resolve } from "node:path";
import { mergeFile } from "../../core/git/merge-file.js";
import type { RecordFileConflict } from "../../store-format/merge/merge-record-file.js";
import type { CommandContext } from "../context.js";
import { EXIT } from "../exit-codes.js";
import { visible } from "../output/visible.js";
import type { MergeFileArguments } from "./merge-file.js";

export function runMergeFile(context: CommandContext, args: MergeFileArguments): void {
  const { cwd, env, err } = context;
  const [base, ours, theirs] = [args.base, args.ours, args.theirs].map((path) => resolve(cwd, path)) as [
    string,
    string,
    string,
  ];
  const { isClean, conflicts } = mergeFile({ base, ours, theirs, path: args.path, env });
  for (const conflict of conflicts) err.line(told(args.path, conflict));
  if (!isClean) process.exitCode = EXIT.failure;
}

function told(path: string, { field, ours, theirs }: RecordFileConflict): string {
  const place = field === null ? visible(path) : `${visible(path)}, ${visible(field)}`;
  if (ours === null && theirs === null) return `runstone: ${place}: one side cannot be read; see git diff`;
  return `runstone: ${place}: kept ${shown(ours)}, the other side has ${shown(theirs)}`;
}

const MAX_SHOWN = 200;

function shown(value: string | null): string {
  if (value === null) return "nothing";
  const text = JSON.stringify(value);
  return visible(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}..."` : text);
}
