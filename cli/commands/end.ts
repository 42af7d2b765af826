import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";

export const END_STATUSES = ["FINISHED", "FAILED", "KILLED"] as const;

const options = {
  run: {
    type: "string",
    alias: ["r", "run-id"],
    value: "RUN",
    describe: "End this run",
    defaultText: "RUNSTONE_RUN_ID, else the run this shell started",
  },
  status: {
    type: "string",
    alias: ["s"],
    value: "STATUS",
    choices: END_STATUSES,
    describe: "Set the status",
    defaultText: "FINISHED",
  },
  "exit-code": {
    type: "integer",
    value: "N",
    describe: "Set the status by an exit code: 0 FINISHED, over 128 KILLED, else FAILED",
  },
  "take-over": { type: "boolean", describe: "End it although its owner may still be alive" },
} as const satisfies Options;
const positionals = {
  runs: { variadic: true, describe: "runs to end; - reads them from standard input" },
} as const satisfies Positionals;
export type EndArguments = ArgumentsOf<typeof options, typeof positionals>;

export const end = defineCommand({
  name: "end",
  describe: "End a run and seal it",
  options,
  positionals,
  examples: [
    { line: "python train.py; runstone end --exit-code $?", describe: "FAILED if the script failed" },
  ],
  load: async () => (await import("./end.run.js")).runEnd,
});
