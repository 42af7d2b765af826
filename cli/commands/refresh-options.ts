/** Options of every command that searches; `context.refresh` has what they say. */
import type { Options } from "../command.js";

export const refreshOptions = {
  refresh: {
    type: "string",
    value: "HOW",
    choices: ["auto", "none", "full"],
    describe: "Bring the index up to date before (full: look at every file)",
    defaultText: "auto",
  },
  "no-refresh": { type: "boolean", describe: "Search the index as it is; the answer says how old it is" },
} as const satisfies Options;
