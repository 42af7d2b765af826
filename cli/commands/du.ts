import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";
import { formatOptions } from "../parse/format-options.js";

const options = {
  total: { type: "boolean", alias: ["s"], describe: "Show a row for each experiment, and one for the store" },
  experiment: {
    type: "strings",
    alias: ["e"],
    value: "NAME",
    describe: "Show only this experiment (name or id)",
  },
  limit: {
    type: "integer",
    alias: ["n"],
    value: "N",
    describe: "Show at most N runs, the largest; 0 shows all",
    defaultText: "20 for people, all for programs",
  },
  ...formatOptions,
} as const satisfies Options;

const positionals = {
  runs: {
    variadic: true,
    describe:
      "runs by id, prefix, name, @last, @best(METRIC) or a filter; - takes a list from standard input",
  },
} as const satisfies Positionals;

export type DuArguments = ArgumentsOf<typeof options, typeof positionals>;

export const du = defineCommand({
  name: "du",
  describe: "Show what runs and experiments take on disk",
  options,
  positionals,
  examples: [
    { line: "runstone du", describe: "The largest runs, deleted ones included" },
    { line: "runstone du --total", describe: "By experiment" },
    { line: "runstone du --format csv -o du.csv", describe: "Every run" },
  ],
  details:
    "OWN is what would be free without the run: the files in its directory and the objects in .runstone/objects that no other run names. SHARED are objects that other runs name, too (equal artifacts are kept once). Sizes are those of the files; where the file system shares blocks (reflinks), an artifact and its object take less than they are counted for. An artifact that is a hard link to its object counts once.",
  load: async () => (await import("./du.run.js")).runDu,
});
