import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";

const options = {
  path: { type: "string", value: "DIR", describe: "Keep the runs in this directory", defaultText: "mlruns" },
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
  details: "Repeating it changes nothing. An mlruns directory that is there already is taken over as it is.",
  load: async () => (await import("./init.run.js")).runInit,
});
