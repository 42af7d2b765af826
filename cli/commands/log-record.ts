import { type ArgumentsOf, defineSignature, type Options } from "../command.js";
import { pairs, run } from "./log-options.js";

export const recordOptions = { run } as const satisfies Options;
export type LogRecordArguments = ArgumentsOf<typeof recordOptions, typeof pairs>;

export const logParam = defineSignature({
  name: "param",
  aliases: ["params"],
  describe: "Log params; a param keeps its first value",
  options: recordOptions,
  positionals: pairs,
  examples: [{ line: "runstone log param lr=0.1 model.depth=4", describe: "Values are kept as written" }],
});

export const logTag = defineSignature({
  name: "tag",
  aliases: ["tags"],
  describe: "Set tags",
  options: recordOptions,
  positionals: pairs,
});
