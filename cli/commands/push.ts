import { defineCommand } from "../command.js";
import { pushOptions, pushPositionals } from "./push-options.js";

export const push = defineCommand({
  name: "push",
  describe: "Send what is new or changed here to a remote, and read it back",
  options: pushOptions,
  positionals: pushPositionals,
  examples: [
    { line: "runstone push", describe: "Everything that is new or changed" },
    { line: "runstone push 'metrics.val_loss < 0.3' lab", describe: "Some runs to the remote lab" },
    { line: "runstone push --dry-run", describe: "What would go, and how much of it" },
    { line: "runstone push --watch --jobs 2", describe: "From a login node, while runs still run" },
  ],
  details: [
    "A run that was sent once is not sent again; a push that was interrupted goes on where it stopped, when it is repeated.",
    "Each run is read back before it counts as synced. One that fails stops no other: it is named, and the exit code is 11.",
  ].join(" "),
  load: async () => (await import("./push.run.js")).runPush,
});
