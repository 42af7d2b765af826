/** `--store` of commands that work on several. */
import type { Options } from "../command.js";

export const storesOption = {
  store: {
    type: "strings",
    value: "DIR",
    describe:
      "Use this store instead of the workspace's (also RUNSTONE_STORE); several, and names with *, are searched together",
  },
} as const satisfies Options;
