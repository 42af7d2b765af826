import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";

const options = {
  ours: { type: "boolean", describe: "Take what is here" },
  theirs: { type: "boolean", describe: "Take what is there" },
  value: { type: "string", value: "TEXT", describe: "Take this" },
  field: {
    type: "string",
    value: "FIELD",
    describe: "Only this: param:KEY, tag:KEY, name, status, end_time, lifecycle_stage",
    defaultText: "every conflict of the run",
  },
  remote: {
    type: "string",
    value: "NAME",
    describe: "With this remote",
    defaultText: "the only one, or origin",
  },
} as const satisfies Options;

const positionals = {
  run: { describe: "the run; without one, conflicts are listed" },
} as const satisfies Positionals;

export type ResolveArguments = ArgumentsOf<typeof options, typeof positionals>;

export const resolve = defineCommand({
  name: "resolve",
  describe: "List and settle what two stores changed differently",
  options,
  positionals,
  examples: [
    { line: "runstone resolve", describe: "What is in conflict: before, here, there" },
    { line: "runstone resolve 3f2a --theirs", describe: "Take everything from there" },
    {
      line: "runstone resolve 3f2a --field tag:stage --value final",
      describe: "Something else, for one tag",
    },
  ],
  details:
    "The value is set here and there. Everything that is not in conflict was merged already; a conflict stops no other run and nothing else of its own run.",
  load: async () => (await import("./resolve.run.js")).runResolve,
});
