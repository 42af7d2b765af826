import { type ArgumentsOf, defineCommand, type Options } from "../command.js";

const options = {
  "dry-run": { type: "boolean", describe: "Tell what would be done and change nothing" },
  grace: {
    type: "string",
    value: "TIME",
    describe: "Keep unused objects this long, in use and then in the trash",
    defaultText: "14d",
  },
  deleted: { type: "boolean", describe: "Also remove deleted runs and experiments for good" },
  "older-than": {
    type: "string",
    value: "TIME",
    describe: "With --deleted: only those deleted longer ago than this",
    defaultText: "14d",
  },
  "take-over": { type: "boolean", describe: "Go on although a silent process on another host may be at it" },
} as const satisfies Options;
export type GcArguments = ArgumentsOf<typeof options>;

export const gc = defineCommand({
  name: "gc",
  describe: "Remove what nothing needs any more",
  options,
  examples: [
    { line: "runstone gc --dry-run", describe: "Look first" },
    { line: "runstone gc --deleted --older-than 30d", describe: "Empty the trash of a month ago" },
  ],
  details:
    "Objects that no manifest names go to a trash first and are deleted a grace later; what killed processes left is removed. Times are written like 90m, 36h, 14d, 2w or 1d12h.",
  load: async () => (await import("./gc.run.js")).runGc,
});
