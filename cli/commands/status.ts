import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";

const options = {
  experiment: {
    type: "strings",
    alias: ["e"],
    value: "NAME",
    describe: "Only runs of this experiment (name or id)",
  },
} as const satisfies Options;
const positionals = {
  remote: { variadic: true, describe: "Remotes; by default all" },
} as const satisfies Positionals;
export type StatusArguments = ArgumentsOf<typeof options, typeof positionals>;

export const status = defineCommand({
  name: "status",
  describe: "Tell what is new, changed or in conflict here, by remote",
  options,
  positionals,
  examples: [
    { line: "runstone status", describe: "Of every remote, without asking it" },
    { line: "runstone status lab --json", describe: "For programs, run by run" },
  ],
  details: "Answers from the receipts of earlier syncs and asks nobody; `runstone verify` asks the remote.",
  load: async () => (await import("./status.run.js")).runStatus,
});
