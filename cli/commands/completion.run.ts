/** Completion scripts, and the words they ask for. */
import type { Command, Option } from "../command.js";
import { loadCommand } from "../command-loaders.js";
import { COMMAND_NAMES } from "../command-names.js";
import type { CommandContext } from "../context.js";
import { GLOBAL_OPTIONS } from "../parse/global-options.js";
import { optionSpellings } from "../parse/tokens.js";
import { usageError } from "../parse/usage-error.js";
import type { CompletionArguments } from "./completion.js";

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# bash completion of runstone
_runstone() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(runstone completion --complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _runstone runstone`,
  zsh: `#compdef runstone
# zsh completion of runstone
_runstone() {
  local -a found
  found=("\${(@f)$(runstone completion --complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [ -n "\${found[1]}" ]; then compadd -a found; else _files; fi
}
compdef _runstone runstone`,
  fish: `# fish completion of runstone
complete -c runstone -a '(runstone completion --complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'`,
};

export async function runCompletion(context: CommandContext, args: CompletionArguments): Promise<void> {
  if (args.complete) {
    for (const word of await candidates(args.shell)) context.out.line(word);
    return;
  }
  const shell = args.shell[0] ?? shellOf(context.env.SHELL);
  const script = SCRIPTS[shell];
  if (script === undefined)
    throw usageError(`no completion for the shell '${shell}'`, "One of: bash, zsh, fish");
  context.out.line(script);
}

function shellOf(path: string | undefined): string {
  return path?.split("/").at(-1) ?? "bash";
}

/** What may stand in the place of the last word: commands, subcommands, options, choices of an option. */
export async function candidates(words: readonly string[]): Promise<readonly string[]> {
  const last = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const command = await commandOf(before);
  const all = command === undefined ? commandNames(before, last) : wordsOf(command, before.at(-1), last);
  return all.filter((word) => word.startsWith(last));
}

function commandNames(before: readonly string[], last: string): readonly string[] {
  if (last.startsWith("-")) return optionSpellings(GLOBAL_OPTIONS);
  return before.some((word) => !word.startsWith("-")) ? [] : COMMAND_NAMES;
}

async function commandOf(before: readonly string[]): Promise<Command | undefined> {
  const names = before.filter((word) => !word.startsWith("-"));
  let command = names[0] === undefined ? undefined : await loadCommand(names[0]);
  for (const name of names.slice(1)) {
    const below: Command | undefined = command?.subcommands?.find((sub) => sub.name === name);
    if (below === undefined) break;
    command = below;
  }
  return command;
}

function wordsOf(command: Command, previous: string | undefined, last: string): readonly string[] {
  const options = { ...GLOBAL_OPTIONS, ...command.options };
  const asked = Object.entries<Option>(options).find(([name]) => `--${name}` === previous)?.[1];
  if (asked?.choices !== undefined) return asked.choices;
  if (last.startsWith("-")) return optionSpellings(options);
  return (command.subcommands ?? []).filter((sub) => sub.hidden !== true).map((sub) => sub.name);
}
