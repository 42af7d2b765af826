/** The options of `runstone run` that shape the record, kept in a tag so that the run can be reproduced with them. */
import { redactText } from "../../core/capture/redact.js";
import { readShellLine, shellLine } from "../../core/capture/shell-words.js";
import type { RunArguments } from "../commands/run.js";
import { parsePairs } from "../parse/pairs.js";
import { redactValues } from "./redact-values.js";

export const OPTIONS_TAG = "runstone.options";

const FLAGS = ["--no-capture-console", "--no-mlflow"] as const;
const VALUED = ["--param", "--capture", "--artifacts"] as const;

/** `--param=lr=0.1 '--capture=loss=%f'`, quoted for a POSIX shell, without secrets; empty when there are none. */
export function optionsText(args: RunArguments): string {
  const clean = (text: string): string => redactText(text).text;
  const inherits = args["no-capture-console"] || args.tty === "inherit";
  return shellLine([
    ...Object.entries(redactValues(parsePairs(args.param))).map(([key, value]) => `--param=${key}=${value}`),
    ...args.capture.map((pattern) => `--capture=${clean(pattern)}`),
    ...args.artifacts.map((pattern) => `--artifacts=${clean(pattern)}`),
    ...(inherits ? ["--no-capture-console"] : []),
    ...(args["no-mlflow"] ? ["--no-mlflow"] : []),
  ]);
}

/** The options of the tag, one a word. Tags come from anybody: whatever is not one of ours is dropped. */
export function readOptions(tag: string | undefined): readonly string[] {
  return (readShellLine(tag ?? "") ?? []).filter(
    (word) => FLAGS.some((flag) => word === flag) || VALUED.some((name) => word.startsWith(`${name}=`)),
  );
}
