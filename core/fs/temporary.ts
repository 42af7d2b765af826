/** Names of temporary files: unique per process and call; recognisable, so that `fsck` can clear what a kill left. */
import { randomHex } from "./random.js";

const PREFIX = ".runstone-tmp-";

/** A name that no other call uses. */
export function temporaryName(): string {
  return `${PREFIX}${process.pid}-${randomHex(8)}`;
}

/** Whether a file name was made by {@link temporaryName}. */
export function isTemporaryName(name: string): boolean {
  return name.startsWith(PREFIX);
}
