import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";
import { dryRunOption, experimentOption, jobsOption, limitRateOption, modelsOption } from "./push-options.js";

const options = {
  experiment: { ...experimentOption, describe: "Only runs of this experiment (its name there)" },
  "no-artifacts": {
    type: "boolean",
    describe: "Leave the artifacts there; `runstone fetch RUN` brings those of a run",
  },
  name: { type: "string", value: "NAME", describe: "Call the remote so", defaultText: "origin" },
  "include-deleted": { type: "boolean", describe: "Also runs that are deleted there" },
  models: modelsOption,
  "dry-run": dryRunOption,
  jobs: { ...jobsOption, defaultText: "4" },
  "limit-rate": limitRateOption,
} as const satisfies Options;

const positionals = {
  url: {
    required: true,
    describe: "an MLflow server (http://host:5000), a directory, ssh://host/path or host:path",
  },
  directory: { describe: "the new workspace; by default named like the end of the address" },
} as const satisfies Positionals;

export type CloneArguments = ArgumentsOf<typeof options, typeof positionals>;

export const clone = defineCommand({
  name: "clone",
  describe: "Make a workspace with the runs of a remote",
  options,
  positionals,
  examples: [
    { line: "runstone clone /mnt/usb/lab", describe: "The runs of a stick, in ./lab" },
    { line: "runstone clone /mnt/usb/lab --dry-run", describe: "How many runs, and how many bytes" },
    { line: "runstone clone https://mlflow.example.org lab", describe: "The runs of an MLflow server" },
    {
      line: "runstone clone ssh://node17/data/lab here --no-artifacts",
      describe: "Without the bytes of artifacts",
    },
  ],
  details:
    "The address becomes the remote `origin` of the new workspace and counts as confirmed. A clone that was interrupted goes on when the command is repeated.",
  load: async () => (await import("./clone.run.js")).runClone,
});
