import { join } from "node:path";
import { isRunstoneError } from "../../../store-format/index.js";
import { statIfExists } from "../../fs/index.js";
import { META } from "../layout.js";
import type { RunLocation } from "./located.js";

const SIGNS_OF_A_RUN = [META, "metrics", "params", "tags"];

/**
 * Whether a directory of an experiment holds what only runs hold: one that has lost its meta.yaml is a damaged run. A
 * directory that must not be looked into counts: it is listed as damaged, not left out.
 */
export function isRun({ directory }: RunLocation): boolean {
  try {
    return SIGNS_OF_A_RUN.some((name) => statIfExists(join(directory, name)) !== null);
  } catch (error) {
    if (isRunstoneError(error, "PERMISSION_DENIED") || isRunstoneError(error, "IO_ERROR")) return true;
    throw error;
  }
}
