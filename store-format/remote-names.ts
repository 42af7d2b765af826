/** Names of remotes: they are names of directories, of files and of options at once. */
import { RunstoneError } from "./errors.js";
import { windowsProblem } from "./keys.js";

const CHARACTERS = /^[A-Za-z0-9][\w.-]{0,63}$/;

/** Letters, digits, `_`, `-`, `.`, beginning with a letter or digit, at most 64, and a name that every system can store. */
export function isRemoteName(name: string): boolean {
  return CHARACTERS.test(name) && windowsProblem(name) === undefined;
}

/** Throws INVALID_PARAMETER_VALUE. */
export function checkRemoteName(name: string): void {
  if (isRemoteName(name)) return;
  const windows = CHARACTERS.test(name) ? windowsProblem(name) : undefined;
  throw new RunstoneError("INVALID_PARAMETER_VALUE", `a remote cannot be called ${JSON.stringify(name)}`, {
    hint:
      windows === undefined
        ? "Use letters, digits, _, - and ., a letter or digit first, at most 64."
        : `It ${windows}, and the remote's state is a directory of that name. Take another one.`,
    data: { remote: name },
  });
}
