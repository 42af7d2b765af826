import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";

const options = {
  tree: { type: "boolean", describe: "With all their children" },
  experiment: {
    type: "strings",
    alias: ["e"],
    value: "NAME",
    describe: "Delete this experiment (name or id)",
  },
} as const satisfies Options;
const positionals = {
  runs: { variadic: true, describe: "runs; - reads a list" },
} as const satisfies Positionals;
export type DeleteArguments = ArgumentsOf<typeof options, typeof positionals>;

export const remove = defineCommand({
  name: "delete",
  describe: "Delete runs or experiments; they can be restored until gc",
  options,
  positionals,
  load: async () => (await import("./delete.run.js")).runDelete,
});

export const restore = defineCommand({
  name: "restore",
  describe: "Restore deleted runs or experiments",
  options: {
    ...options,
    experiment: { ...options.experiment, describe: "Restore this experiment (name or id)" },
  },
  positionals,
  load: async () => (await import("./delete.run.js")).runRestore,
});
