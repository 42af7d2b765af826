import { type ArgumentsOf, defineCommand, type Options } from "../command.js";

const options = {
  rebuild: { type: "boolean", describe: "Throw the index away first and read every run anew" },
} as const satisfies Options;

export type RefreshArguments = ArgumentsOf<typeof options>;

export const refresh = defineCommand({
  name: "refresh",
  describe: "Bring the search index up to date by looking at every file",
  options,
  examples: [
    { line: "runstone refresh", describe: "After files were changed by hand in a large store" },
    { line: "runstone refresh --rebuild", describe: "Read everything anew" },
  ],
  details:
    "Commands that search bring the index up to date by themselves; only what others changed in place, in runs that have ended and are sealed, in a store of over 2,000 runs, may stay unseen for up to ten minutes. The index is kept in the cache directory and may be deleted at any time.",
  load: async () => (await import("./refresh.run.js")).runRefresh,
});
