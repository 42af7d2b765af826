import type { View } from "../../store-format/index.js";

/** `active_only` and `deleted_only` are MLflow's spellings. */
export const VIEWS = ["active", "deleted", "all", "active_only", "deleted_only"] as const;

/** Active by default. */
export function readView(word: (typeof VIEWS)[number] | undefined): View {
  return (word ?? "active").replace(/_only$/, "") as View;
}
