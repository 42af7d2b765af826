import { type ArgumentsOf, defineCommand, type Options } from "../command.js";

const options = {
  experiment: {
    type: "string",
    alias: ["e", "experiment-name"],
    value: "NAME",
    describe: "Put the run into this experiment, made when missing",
    defaultText: "RUNSTONE_EXPERIMENT, else the workspace's",
  },
  name: {
    type: "string",
    alias: ["n", "run-name"],
    value: "NAME",
    describe: "Name the run",
    defaultText: "generated",
  },
  param: { type: "strings", alias: ["p"], value: "KEY=VALUE", describe: "Log a param" },
  tag: { type: "strings", alias: ["t"], value: "KEY=VALUE", describe: "Set a tag" },
  parent: { type: "string", value: "RUN", describe: "Make it a child of this run" },
  "run-key": {
    type: "string",
    value: "KEY",
    describe: "Resume the run of this key if there is one: for jobs that are requeued",
  },
} as const satisfies Options;

export type StartArguments = ArgumentsOf<typeof options>;

export const start = defineCommand({
  name: "start",
  describe: "Start a run and print its id, for shell scripts",
  options,
  examples: [
    { line: "RUNSTONE_RUN_ID=$(runstone start --experiment wine)", describe: "Export it for log and end" },
  ],
  details:
    "The run lives as long as this shell (or SLURM job): when it dies without `runstone end`, the run is shown as LOST.",
  load: async () => (await import("./start.run.js")).runStart,
});
