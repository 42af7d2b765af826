/** `--set lr=0.01`: other values in the place of the recorded ones. */

import { shellLine } from "../../core/capture/shell-words.js";
import { RunstoneError } from "../../store-format/index.js";
import type { Pair } from "../parse/pairs.js";

export interface Settable {
  readonly command: readonly string[];
  /** Options of `runstone run`: `--param=lr=0.1` counts. */
  readonly options: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}

/** Throws INVALID_PARAMETER_VALUE for a key that nothing recorded sets. */
export function setValue<S extends Settable>(recorded: S, { key, value }: Pair): S {
  const command = inCommand(recorded.command, key, value);
  const options = recorded.options.map((word) =>
    word.startsWith(`--param=${key}=`) ? `--param=${key}=${value}` : word,
  );
  const isVariable = Object.hasOwn(recorded.variables, key);
  const variables = isVariable ? { ...recorded.variables, [key]: value } : recorded.variables;
  const isSet =
    isVariable || command.isSet || recorded.options.some((word) => word.startsWith(`--param=${key}=`));
  if (!isSet) throw nothingSets(recorded, key);
  return { ...recorded, command: command.words, options, variables };
}

/** `--lr 0.1`, `-lr 0.1`, `--lr=0.1`, `lr=0.1`, `+lr=0.1`; `_` and `-` are one in names. Every one of them, since the last would win. */
function inCommand(
  words: readonly string[],
  key: string,
  value: string,
): { readonly words: readonly string[]; readonly isSet: boolean } {
  const name = key.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/[_-]/g, "[_-]");
  const glued = new RegExp(`^((?:--?|\\+{1,2})?${name})=`);
  const option = new RegExp(`^--?${name}$`);
  let isSet = false;
  const replaced = words.map((word, at) => {
    const before = words[at - 1];
    const start = at === 0 ? undefined : glued.exec(word)?.[1];
    const follows = at > 1 && before !== undefined && option.test(before) && !isOption(word);
    if (start === undefined && !follows) return word;
    isSet = true;
    return start === undefined ? value : `${start}=${value}`;
  });
  return { words: replaced, isSet };
}

/** A negative number is a value. */
function isOption(word: string): boolean {
  return word.startsWith("-") && word !== "-" && !/^-(?:\d|\.\d|inf|nan)/i.test(word);
}

function nothingSets({ command, variables }: Settable, key: string): RunstoneError {
  const line = shellLine(command);
  const names = Object.keys(variables);
  return new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `nothing recorded sets ${key}: looked for --${key} VALUE, --${key}=VALUE and ${key}=VALUE in the command, ` +
      `for a param of runstone run, and for a variable`,
    {
      hint:
        `The command is: ${line}${names.length === 0 ? "" : ` (variables: ${names.join(", ")})`}. ` +
        "Give the whole of it after --.",
      data: { key, command: line },
    },
  );
}
