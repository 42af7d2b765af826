import { type ArgumentsOf, defineCommand, type Positionals } from "../command.js";

const list = defineCommand({
  name: "list",
  describe: "List registered models with their aliases",
  load: async () => (await import("./models.run.js")).runList,
});

const positionals = {
  name: { required: true, describe: "the registered model" },
} as const satisfies Positionals;
export type ShowArguments = ArgumentsOf<Record<never, never>, typeof positionals>;

const show = defineCommand({
  name: "show",
  describe: "Show a registered model and its versions",
  positionals,
  load: async () => (await import("./models.run.js")).runShow,
});

export const models = defineCommand({
  name: "models",
  describe: "Read the model registry",
  subcommands: [list, show],
  load: async () => (await import("./models.run.js")).runList,
});
