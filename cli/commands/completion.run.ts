/** Completion scripts, and the words they ask for. */
import { resolve } from "node:path";
import type { Command, Option } from "../command.js";
import { loadCommand } from "../command-loaders.js";
import { COMMAND_NAMES } from "../command-names.js";
import type { CommandContext } from "../context.js";
import { GLOBAL_OPTIONS } from "../parse/global-options.js";
import { allOptions, optionLength } from "../parse/route.js";
import { looksLikeOption, optionSpellings } from "../parse/tokens.js";
import { usageError } from "../parse/usage-error.js";
import { runWords } from "../store/run-words.js";
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
    for (const word of await candidates(args.shell, (last) => runWords(contextOf(context, args.shell), last)))
      context.out.line(word);
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

/** What may stand where a run is expected; asked only then. */
type RunWords = (last: string) => readonly string[];

/** What may stand in the place of the last word: commands, subcommands, options, choices of an option, runs. */
export async function candidates(words: readonly string[], runs: RunWords): Promise<readonly string[]> {
  const last = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  if (before.includes("--")) return [];
  const { command, expectsCommand } = await commandOf(before);
  const all =
    command === undefined
      ? commandNames({ expectsCommand, last })
      : wordsOf(command, { previous: before.at(-1), last, runs });
  return all.filter((word) => word.startsWith(last));
}

/** The store and the directory that the line under completion names. */
function contextOf(context: CommandContext, words: readonly string[]): CommandContext {
  const given = (option: string) =>
    words[words.indexOf(option) + 1 || words.length] ??
    words.find((word) => word.startsWith(`${option}=`))?.slice(option.length + 1);
  const store = given("--store") ?? context.store;
  return {
    ...context,
    cwd: resolve(context.cwd, given("-C") ?? "."),
    store,
    stores: store === undefined ? [] : [store],
  };
}

interface Expected {
  readonly expectsCommand: boolean;
  readonly last: string;
}

function commandNames({ expectsCommand, last }: Expected): readonly string[] {
  if (!expectsCommand) return [];
  return last.startsWith("-") ? optionSpellings(GLOBAL_OPTIONS) : [...COMMAND_NAMES, "help", "version"];
}

/** The command that the words name so far; without one, whether a name may come next. */
async function commandOf(words: readonly string[]): Promise<{
  readonly command: Command | undefined;
  readonly expectsCommand: boolean;
}> {
  let command: Command | undefined;
  for (let index = 0; index < words.length; ) {
    const word = words[index]!;
    if (looksLikeOption(word)) {
      const options = command === undefined ? GLOBAL_OPTIONS : allOptions(command);
      const takesNext = optionLength([word, ""], 0, options) === 2;
      if (command === undefined && takesNext && index + 1 === words.length)
        return { command, expectsCommand: false };
      index += takesNext ? 2 : 1;
      continue;
    }
    const below: Command | undefined =
      command === undefined
        ? await loadCommand(word)
        : command.subcommands?.find(({ name }) => name === word);
    if (below === undefined) return { command, expectsCommand: false };
    command = below;
    index += 1;
  }
  return { command, expectsCommand: command === undefined };
}

interface Place {
  readonly previous: string | undefined;
  readonly last: string;
  readonly runs: RunWords;
}

function wordsOf(command: Command, { previous, last, runs }: Place): readonly string[] {
  const options = { ...GLOBAL_OPTIONS, ...command.options };
  const asked = Object.entries<Option>(options).find(([name]) => `--${name}` === previous)?.[1];
  if (asked?.choices !== undefined) return asked.choices;
  if (asked?.value === "RUN") return runs(last);
  if (asked !== undefined && asked.type !== "boolean") return [];
  if (last.startsWith("-")) return optionSpellings(options);
  const below = (command.subcommands ?? []).filter((sub) => sub.hidden !== true).map((sub) => sub.name);
  return takesRuns(command) ? [...below, ...runs(last)] : below;
}

function takesRuns({ positionals = {} }: Command): boolean {
  return Object.entries(positionals).some(
    ([name, { describe }]) => RUN_POSITIONALS.has(name) && /\bruns?\b/.test(describe),
  );
}

const RUN_POSITIONALS: ReadonlySet<string> = new Set(["run", "runs", "words"]);
