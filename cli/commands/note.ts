import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";

const options = {
  message: { type: "string", alias: ["m"], value: "TEXT", describe: "Set this text" },
  stdin: { type: "boolean", describe: "Set the text read from standard input" },
  remove: { type: "boolean", describe: "Remove the note" },
} as const satisfies Options;
const positionals = {
  runs: { variadic: true, required: true, describe: "runs; - reads a list" },
} as const satisfies Positionals;
export type NoteArguments = ArgumentsOf<typeof options, typeof positionals>;

export const note = defineCommand({
  name: "note",
  describe: "Show or set the note of runs",
  options,
  positionals,
  examples: [
    { line: "runstone note 7f3a2c1", describe: "Print it" },
    { line: "runstone note 7f3a2c1 -m 'warm-up too short'", describe: "Set it" },
  ],
  details: "The note is MLflow's description of a run (tag mlflow.note.content), Markdown.",
  load: async () => (await import("./note.run.js")).runNote,
});
