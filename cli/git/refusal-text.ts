import type { Refusal } from "../../core/git/commit-runs/index.js";
import { formatBytes } from "../output/number.js";

/** Why a file must not be committed, for people. */
export function reasonOfRefusal({ reason, size, rule }: Refusal): string {
  if (reason === "size") return formatBytes(size ?? 0);
  return reason === "secret" ? `looks like a secret: ${rule}` : "its name is that of a file with credentials";
}
