import type { CommandContext } from "../context.js";
import { visible } from "../output/visible.js";

/** A column that no run has a value for is empty; a wrong spelling is not meant to pass unseen. */
export function tellUnknownColumn({
  err,
}: CommandContext): (word: string, meant: string | undefined) => void {
  return (word, meant) => {
    const hint = meant === undefined ? "" : `; did you mean ${visible(meant)}?`;
    err.line(`runstone: none of these runs has '${visible(word)}'${hint}`);
  };
}
