/** Options that every command takes, before or after its name. */
import type { Options } from "../command.js";

export const GLOBAL_OPTIONS = {
  store: {
    type: "string",
    value: "DIR|URI",
    describe: "Use this store instead of the workspace's (also RUNSTONE_STORE)",
  },
  json: { type: "boolean", describe: "Print results as JSON" },
  // Of use to commands that search, whose help texts show them (commands/refresh-options.ts).
  refresh: { type: "string", value: "HOW", describe: "Bring the index up to date", hidden: true },
  "no-refresh": { type: "boolean", describe: "Search the index as it is", hidden: true },
  "no-color": { type: "boolean", describe: "Print without colours (also NO_COLOR)" },
  C: { type: "string", value: "DIR", describe: "Run as if started in DIR" },
  help: { type: "boolean", alias: ["h"], describe: "Print this help" },
  version: { type: "boolean", describe: "Print the version", hidden: true },
} as const satisfies Options;

export type GlobalName = keyof typeof GLOBAL_OPTIONS;
