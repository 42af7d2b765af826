/** What the subcommands of `runstone log` share. */
import type { Option, Positionals } from "../command.js";

export const run = {
  type: "string",
  alias: ["r", "run-id"],
  value: "RUN",
  describe: "Log to this run",
  defaultText: "RUNSTONE_RUN_ID, else the run this shell started",
} as const satisfies Option;

export const pairs = {
  values: { variadic: true, describe: "KEY=VALUE; - reads lines of them" },
} as const satisfies Positionals;
