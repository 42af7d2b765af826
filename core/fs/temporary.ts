/** Names of temporary files: unique per process and call; recognisable, so that `fsck` can clear what a kill left. */
import { randomBytes } from "node:crypto";

const PREFIX = ".runstone-tmp-";

/** A name that no other call uses. */
export function temporaryName(): string {
  return `${PREFIX}${process.pid}-${randomBytes(8).toString("hex")}`;
}

/** Whether a file name was made by {@link temporaryName}. */
export function isTemporaryName(name: string): boolean {
  return name.startsWith(PREFIX);
}
