import { defineCommand } from "../command.js";

export const dump = defineCommand({
  name: "dump",
  describe: "Print the whole store as JSON lines",
  details:
    "One object a line: `kind` says what it is, `place` where its experiment lies (root or trash), the other fields have MLflow's names. Memory stays flat. docs/reference/dump.md describes every kind.",
  examples: [
    {
      line: "runstone dump --store mlruns | jq -c 'select(.kind == \"damage\")'",
      describe: "What is broken",
    },
  ],
  load: async () => (await import("./dump.run.js")).runDump,
});
