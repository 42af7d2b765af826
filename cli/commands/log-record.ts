import { type ArgumentsOf, defineCommand, type Options } from "../command.js";
import { pairs, run } from "./log-options.js";

export const recordOptions = { run } as const satisfies Options;
export type LogRecordArguments = ArgumentsOf<typeof recordOptions, typeof pairs>;

export const logParam = defineCommand({
  name: "param",
  aliases: ["params"],
  describe: "Log params; a param keeps its first value",
  options: recordOptions,
  positionals: pairs,
  examples: [{ line: "runstone log param lr=0.1 model.depth=4", describe: "Values are kept as written" }],
  load: async () => (await import("./log-record.run.js")).runLogParam,
});

export const logTag = defineCommand({
  name: "tag",
  aliases: ["tags"],
  describe: "Set tags",
  options: recordOptions,
  positionals: pairs,
  load: async () => (await import("./log-record.run.js")).runLogTag,
});
