import { type ArgumentsOf, defineCommand, type Positionals } from "../command.js";

const keyed = { key: { required: true, describe: "the setting" } } as const satisfies Positionals;
export type GetArguments = ArgumentsOf<Record<never, never>, typeof keyed>;

const keyedValue = {
  key: { required: true, describe: "the setting" },
  value: { required: true, describe: "its value" },
} as const satisfies Positionals;
export type SetArguments = ArgumentsOf<Record<never, never>, typeof keyedValue>;

const list = defineCommand({
  name: "list",
  describe: "List every setting with its value",
  load: async () => (await import("./config.run.js")).runList,
});

const get = defineCommand({
  name: "get",
  describe: "Print one setting",
  positionals: keyed,
  load: async () => (await import("./config.run.js")).runGet,
});

const set = defineCommand({
  name: "set",
  describe: "Change one setting; comments in the file stay",
  positionals: keyedValue,
  load: async () => (await import("./config-set.run.js")).runSet,
});

export const config = defineCommand({
  name: "config",
  describe: "Read and change the workspace's settings",
  subcommands: [list, get, set],
  examples: [
    { line: "runstone config set default_experiment wine", describe: "Kept in .runstone/config.yaml" },
  ],
  load: async () => (await import("./config.run.js")).runList,
});
