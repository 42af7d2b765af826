import { defineCommand } from "../command.js";
import { pushOptions, pushPositionals } from "./push-options.js";

export const sync = defineCommand({
  name: "sync",
  describe: "Bring the runs of this store and of a remote together",
  options: pushOptions,
  positionals: pushPositionals,
  examples: [
    { line: "runstone sync", describe: "With the only remote, or origin" },
    { line: "runstone sync lab --watch", describe: "While runs still run" },
  ],
  details:
    "Brings what is new or changed there (see `runstone pull`), and sends what is new or changed here (see `runstone push`).",
  load: async () => (await import("./sync.run.js")).runSync,
});
