import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";

const options = {
  "take-over": { type: "boolean", describe: "Take the run from an owner that may still be alive" },
} as const satisfies Options;
const positionals = { run: { required: true, describe: "the run" } } as const satisfies Positionals;
export type ResumeArguments = ArgumentsOf<typeof options, typeof positionals>;

export const resume = defineCommand({
  name: "resume",
  describe: "Make a run that ended or was lost run again, from this shell",
  options,
  positionals,
  details: "To resume by running a command: runstone run --resume RUN -- COMMAND",
  load: async () => (await import("./resume.run.js")).runResume,
});
