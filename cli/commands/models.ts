import { type ArgumentsOf, defineCommand, type Positionals } from "../command.js";
import { type FormatArguments, formatOptions } from "../parse/format-options.js";

export type ListArguments = FormatArguments;

const list = defineCommand({
  name: "list",
  describe: "List registered models with their aliases",
  options: formatOptions,
  load: async () => (await import("./models.run.js")).runList,
});

const positionals = {
  name: { required: true, describe: "the registered model" },
} as const satisfies Positionals;
export type ShowArguments = ArgumentsOf<typeof formatOptions, typeof positionals>;

const show = defineCommand({
  name: "show",
  describe: "Show a registered model and its versions",
  options: formatOptions,
  positionals,
  load: async () => (await import("./models.run.js")).runShow,
});

export const models = defineCommand({
  name: "models",
  describe: "Read the model registry",
  options: formatOptions,
  subcommands: [list, show],
  load: async () => (await import("./models.run.js")).runList,
});
