import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";

const options = {
  ours: { type: "boolean", describe: "Take what is here" },
  theirs: { type: "boolean", describe: "Take what is there" },
  value: { type: "string", value: "TEXT", describe: "Take this" },
  accept: {
    type: "boolean",
    describe: "Let a param be different at an MLflow server, which never changes one",
  },
  field: {
    type: "string",
    value: "FIELD",
    describe:
      "Only this: param:KEY, tag:KEY, artifact:PATH, name, status, end_time, lifecycle_stage; of models also alias:NAME, description, stage",
    defaultText: "every conflict",
  },
  remote: {
    type: "string",
    value: "NAME",
    describe: "With this remote",
    defaultText: "the only one, or origin",
  },
} as const satisfies Options;

const positionals = {
  run: {
    describe:
      "the run, or experiment:NAME, model:NAME, version:NAME/NUMBER, logged-model:ID as listed; without one, conflicts are listed",
  },
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
    {
      line: "runstone resolve experiment:wine --ours",
      describe: "The name and tags that it has here",
    },
    {
      line: "runstone resolve model:net --field alias:champion --value 3",
      describe: "Version 3 of here",
    },
    {
      line: "runstone resolve 3f2a --field artifact:model.pkl --ours",
      describe: "Theirs stays, as model.pkl.conflict-1f2e3d4c",
    },
    {
      line: "runstone resolve 3f2a --field param:lr --accept",
      describe: "Both stay as they are, and that is known",
    },
  ],
  details:
    "The value is set here and there. Everything that is not in conflict was merged already; a conflict stops no other run and nothing else of its own run. Of an artifact the one that is not taken stays beside it on both sides, as PATH.conflict- and the beginning of its hash; of a param the tag runstone.conflict.param.KEY keeps both values. An MLflow server never changes a param: there only --theirs and --accept can settle one. Of an alias the value is the number here of a version; a version that one side deleted cannot come back there.",
  load: async () => (await import("./resolve.run.js")).runResolve,
});
