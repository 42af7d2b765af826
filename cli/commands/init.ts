import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";

const options = {
  path: { type: "string", value: "DIR", describe: "Keep the runs in this directory", defaultText: "mlruns" },
  "no-git": {
    type: "boolean",
    describe: "Leave the repository's .git/config and .git/info/attributes alone: no merge drivers",
  },
} as const satisfies Options;

const positionals = {
  directory: { describe: "Where the workspace is made; the current directory by default" },
} as const satisfies Positionals;

export type InitArguments = ArgumentsOf<typeof options, typeof positionals>;

export const init = defineCommand({
  name: "init",
  describe: "Make a workspace here",
  options,
  positionals,
  details: [
    "Repeating it changes nothing. An mlruns directory that is there already is taken over as it is.",
    "In a Git work tree Git learns to merge runs by record: a driver in .git/config, the files it is for in .git/info/attributes. Nothing of a repository that ignores the runs is changed.",
  ].join(" "),
  load: async () => (await import("./init.run.js")).runInit,
});
