import { type ArgumentsOf, defineCommand, type Options, type Positionals } from "../command.js";

const options = {
  repair: { type: "boolean", describe: "Rebuild what can be rebuilt, then check again" },
  verify: { type: "boolean", hidden: true, describe: "Hash every sealed file: always done" },
} as const satisfies Options;
const positionals = {
  runs: { variadic: true, describe: "check only these runs" },
} as const satisfies Positionals;
export type FsckArguments = ArgumentsOf<typeof options, typeof positionals>;

export const fsck = defineCommand({
  name: "fsck",
  describe: "Check the store: read everything, hash every sealed file and object",
  options,
  positionals,
  details:
    "Without --repair nothing is written. `lost` is data that is gone, `rebuildable` can be had again (--repair mends what needs no guess), `note` costs nothing. `changed` is newer than the seal of its run, which is no damage. The exit code is 5 when something is lost or left to rebuild.",
  load: async () => (await import("./fsck.run.js")).runFsck,
});
