/** Every command, without loading any: what the top-level help, the completion and the router need. */
import type { Command } from "./command.js";

export interface CommandEntry {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** The same text as the command's own `describe`. */
  readonly describe: string;
  readonly load: () => Promise<Command>;
}

export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly CommandEntry[];
}

export const COMMAND_GROUPS: readonly CommandGroup[] = [
  {
    title: "Tools",
    commands: [
      entry(
        "completion",
        "Print the completion script of a shell",
        async () => (await import("./commands/completion.js")).completion,
      ),
    ],
  },
];

export const COMMANDS: readonly CommandEntry[] = COMMAND_GROUPS.flatMap((group) => group.commands);

function entry(name: string, describe: string, load: () => Promise<Command>): CommandEntry {
  return { name, describe, load };
}
