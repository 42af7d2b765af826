import { realpathSync } from "node:fs";
import { relative, sep } from "node:path";
import type { Repository } from "./repository.js";

/** The path of an existing directory from the work tree's top, `/` between components, empty for the top; null: outside of it. */
export function pathInRepository(repository: Repository, directory: string): string | null {
  const path = relative(realpathSync(repository.root), realpathSync(directory));
  return path === ".." || path.startsWith(`..${sep}`) ? null : path.split(sep).join("/");
}
