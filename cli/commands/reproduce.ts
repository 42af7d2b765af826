import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";
import { refreshOptions } from "./refresh-options.js";

const options = {
  tolerance: {
    type: "number",
    value: "X",
    describe: "Values of metrics are equal that differ by at most this share of the greater one: 1e-6",
    defaultText: "0: to the bit",
  },
  set: {
    type: "strings",
    value: "KEY=VALUE",
    describe: "A variation: put this value in the place of the recorded one, and compare instead of judging",
  },
  worktree: {
    type: "string",
    alias: ["w"],
    value: "DIR",
    describe: "Make the work tree here, and keep it; not there yet, or empty",
    defaultText: "a temporary directory, removed afterwards",
  },
  keep: { type: "boolean", describe: "Keep the temporary work tree" },
  link: {
    type: "strings",
    value: "PATH",
    describe:
      "Put a link to this file or directory of your work tree into the new one: data that Git ignores",
  },
  venv: {
    type: "boolean",
    describe: "Make a virtual environment with the recorded Python packages, and run in it",
  },
  yes: {
    type: "boolean",
    alias: ["y"],
    describe: "Do not ask before running the command of a run that was recorded elsewhere",
  },
  "dry-run": { type: "boolean", describe: "Tell what would be run, where and with what; run nothing" },
  ...refreshOptions,
} as const satisfies Options;
const positionals = {
  run: { required: true, describe: "the run" },
} as const satisfies Positionals;
export type ReproduceArguments = ArgumentsOf<typeof options, typeof positionals>;

export const reproduce = defineCommand({
  name: "reproduce",
  describe: "Run the command of a run again on its code, and tell whether it came out the same",
  options,
  positionals,
  takesCommandAfterDashes: true,
  examples: [
    { line: "runstone reproduce 7f3a", describe: "Its code, its command, its seeds; then the verdict" },
    { line: "runstone reproduce '@best(val_loss)' --tolerance 1e-6", describe: "Small differences are none" },
    { line: "runstone reproduce 7f3a --set lr=0.01", describe: "The same with another learning rate" },
    { line: "runstone reproduce 7f3a --link data", describe: "Git ignores data/: use that of here" },
    {
      line: "runstone reproduce 7f3a -- python train.py --token XYZ",
      describe: "With a command of yours: secrets were taken out of the recorded one",
    },
  ],
  details: [
    "The code of the run is put into a work tree of its own (as by runstone checkout), and runstone run records the command there as a child of the run, with the recorded directory, params, capture patterns, artifact patterns and seed variables. Your own files are not touched.",
    "The exit code is 0 when the runs are identical or equal, 1 when they differ, and for a variation 1 when its command failed.",
    "The command is somebody's program, and runs with your rights: it is shown before it starts. Of a run that another user or host recorded you are asked first; where nobody can be asked, --yes is needed.",
  ].join("\n\n"),
  load: async () => (await import("./reproduce.run.js")).runReproduce,
});
