/** The help of `runstone` itself, made from the command table alone: no command is loaded for it. */
import type { Option } from "../command.js";
import { COMMAND_GROUPS } from "../command-names.js";
import { GLOBAL_OPTIONS } from "../parse/global-options.js";
import { SHORTEST_PREFIX } from "../store/shortest-prefix.js";
import { type Row, section, wrap } from "./layout.js";
import { optionRow } from "./option-row.js";

const FIRST_STEPS: readonly Row[] = [
  ["runstone init", "Make a workspace here"],
  ["runstone run -- python train.py", "Run a command and record it"],
  ["runstone runs", "See what was recorded"],
];

export function topLevelHelp(width: number): string {
  const globals = Object.entries<Option>(GLOBAL_OPTIONS).filter(([, option]) => option.hidden !== true);
  return [
    "Record machine-learning experiments as plain files, next to the code.",
    "Usage: runstone [options] COMMAND",
    section("First steps", FIRST_STEPS, width),
    ...COMMAND_GROUPS.map(({ title, commands }) =>
      section(
        title,
        commands.map(({ name, describe }): Row => [name, describe]),
        width,
      ),
    ),
    section(
      "Global options",
      globals.map(([name, option]) => optionRow(name, option)),
      width,
    ),
    wrap(
      `RUN is an id, the first ${SHORTEST_PREFIX} or more characters of one if no other id begins so, or a name that one run has.`,
      width,
    ),
    "`runstone COMMAND --help` explains a command, `runstone help filter` the filters.",
  ].join("\n\n");
}
