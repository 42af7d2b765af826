import { type ArgumentsOf, defineCommand, type Options } from "../command.js";
import { choiceOptions, jobsOption, limitRateOption, pushPositionals } from "./push-options.js";

const options = {
  ...choiceOptions,
  hash: { type: "boolean", describe: "Read every artifact back; by default those of up to 1 MiB" },
  fix: {
    type: "boolean",
    describe: "Send what is missing, also what was refused before, then read back again",
  },
  jobs: jobsOption,
  "limit-rate": limitRateOption,
} as const satisfies Options;
export type VerifyArguments = ArgumentsOf<typeof options, typeof pushPositionals>;

export const verify = defineCommand({
  name: "verify",
  describe: "Read back what a remote holds and compare it with what is here",
  options,
  positionals: pushPositionals,
  examples: [
    { line: "runstone verify lab", describe: "Every run, at the remote lab" },
    { line: "runstone verify --hash @best(val_loss)", describe: "One run, with the bytes of every artifact" },
    { line: "runstone verify --fix", describe: "And send what is missing" },
  ],
  details: [
    "Every param, tag, point, dataset, model and artifact is compared: artifacts by hash where their bytes are read back, by size else; the receipt says how many.",
    "Exit code 11 when something differs.",
  ].join(" "),
  load: async () => (await import("./verify.run.js")).runVerify,
});
