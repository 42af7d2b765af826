import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";

const options = {
  experiment: {
    type: "strings",
    alias: ["e"],
    value: "NAME",
    describe: "Only runs of this experiment (name or id)",
  },
  online: { type: "boolean", describe: "Ask the remotes what is new, changed and gone there" },
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
    { line: "runstone status --online", describe: "What is new there, too: in few requests" },
    { line: "runstone status lab --json", describe: "For programs, run by run" },
  ],
  details:
    "Answers from the receipts of earlier syncs and asks nobody. With --online each remote is asked for the list of its runs: one that differs from what was known is new, changed or gone there; a pull would read it. Nothing is written, here or there. Exit code 11 when only some of the remotes answered.",
  load: async () => (await import("./status.run.js")).runStatus,
});
