import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";

const options = {
  complete: {
    type: "boolean",
    hidden: true,
    describe: "List what could stand at the end of the words given",
  },
} as const satisfies Options;

const positionals = {
  shell: { describe: "bash, zsh or fish", variadic: true },
} as const satisfies Positionals;

export type CompletionArguments = ArgumentsOf<typeof options, typeof positionals>;

export const completion = defineCommand({
  name: "completion",
  describe: "Print the completion script of a shell",
  options,
  positionals,
  examples: [
    { line: "runstone completion bash >> ~/.bashrc", describe: "Complete commands, options and runs" },
  ],
  load: async () => (await import("./completion.run.js")).runCompletion,
});
