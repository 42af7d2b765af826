import { type ArgumentsOf, defineCommand, type Option, type Options, type Positionals } from "../command.js";
import { formatOptions } from "../parse/format-options.js";
import { VIEWS } from "../parse/view.js";

const view = {
  type: "string",
  value: "VIEW",
  choices: VIEWS,
  alias: ["v"],
  describe: "Show these experiments",
  defaultText: "active",
} as const satisfies Option;

const experimentId = {
  type: "string",
  alias: ["x"],
  value: "ID",
  describe: "Name the experiment by its id",
} as const satisfies Option;

const listOptions = { view, ...formatOptions } as const satisfies Options;
export type ListArguments = ArgumentsOf<typeof listOptions>;

const list = defineCommand({
  name: "list",
  aliases: ["search"],
  describe: "List experiments with the number of their runs",
  options: listOptions,
  load: async () => (await import("./experiments.run.js")).runList,
});

const createOptions = {
  "experiment-name": { type: "string", alias: ["n"], value: "NAME", describe: "Give the name as an option" },
  "artifact-location": {
    type: "string",
    alias: ["l"],
    value: "URI",
    describe: "Keep the artifacts of its runs there, not beside the runs",
  },
  tag: { type: "strings", value: "KEY=VALUE", describe: "Set a tag" },
} as const satisfies Options;
const createPositionals = { name: { describe: "the name" } } as const satisfies Positionals;
export type CreateArguments = ArgumentsOf<typeof createOptions, typeof createPositionals>;

const create = defineCommand({
  name: "create",
  describe: "Create an experiment and print its id",
  options: createOptions,
  positionals: createPositionals,
  load: async () => (await import("./experiments.run.js")).runCreate,
});

const renameOptions = {
  "experiment-id": experimentId,
  "new-name": { type: "string", alias: ["n"], value: "NAME", describe: "Give the new name as an option" },
} as const satisfies Options;
const renamePositionals = {
  words: { variadic: true, describe: "the experiment (name or id) and its new name" },
} as const satisfies Positionals;
export type RenameArguments = ArgumentsOf<typeof renameOptions, typeof renamePositionals>;

const rename = defineCommand({
  name: "rename",
  describe: "Rename an experiment",
  options: renameOptions,
  positionals: renamePositionals,
  examples: [{ line: "runstone experiments rename wine wine-quality", describe: "The id and the runs stay" }],
  load: async () => (await import("./experiments.run.js")).runRename,
});

const changeOptions = { "experiment-id": experimentId } as const satisfies Options;
const changePositionals = {
  experiment: { variadic: true, describe: "experiments by name or id" },
} as const satisfies Positionals;
export type ChangeArguments = ArgumentsOf<typeof changeOptions, typeof changePositionals>;

const remove = defineCommand({
  name: "delete",
  describe: "Move experiments to the trash",
  options: changeOptions,
  positionals: changePositionals,
  load: async () => (await import("./experiments.run.js")).runDelete,
});

const restore = defineCommand({
  name: "restore",
  describe: "Take experiments out of the trash",
  options: changeOptions,
  positionals: changePositionals,
  load: async () => (await import("./experiments.run.js")).runRestore,
});

const tagOptions = {
  remove: { type: "strings", value: "KEY", describe: "Remove a tag" },
} as const satisfies Options;
const tagPositionals = {
  experiment: { required: true, describe: "an experiment by name or id" },
  tags: { variadic: true, describe: "KEY=VALUE" },
} as const satisfies Positionals;
export type TagArguments = ArgumentsOf<typeof tagOptions, typeof tagPositionals>;

const tag = defineCommand({
  name: "tag",
  describe: "Set or remove tags of an experiment",
  options: tagOptions,
  positionals: tagPositionals,
  load: async () => (await import("./experiments.run.js")).runTag,
});

export const experiments = defineCommand({
  name: "experiments",
  describe: "List, create, rename, tag, delete and restore experiments",
  options: listOptions,
  subcommands: [list, create, rename, tag, remove, restore],
  load: async () => (await import("./experiments.run.js")).runList,
});
