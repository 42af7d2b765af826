/** A stand-in for ssh that starts a shell here, and `runstone` on its path. */
import { chmodSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { BINARY } from "./program.js";

/** Drops ssh's options and gives the rest to a shell, as sshd does; writes down what it was called with (`ssh.args`). */
const STAND_IN = `#!/bin/sh
printf '%s\\n' "$@" > "$0.args"
while [ "$1" != "--" ]; do shift; done
shift 2
exec sh -c "$1"
`;

/** Puts both into the directory; returns the environment in which they and settings of its own are used. */
export function newSshEnvironment(directory: string): Record<string, string> {
  const tool = (name: string, text: string): void => {
    writeFileSync(join(directory, name), text);
    chmodSync(join(directory, name), 0o755);
  };
  tool("ssh", STAND_IN);
  tool("runstone", `#!/bin/sh\nexec "${process.execPath}" "${BINARY}" "$@"\n`);
  return {
    RUNSTONE_SSH_COMMAND: join(directory, "ssh"),
    PATH: `${directory}${delimiter}${process.env["PATH"]}`,
    HOME: directory,
    XDG_CONFIG_HOME: join(directory, "config"),
  };
}
