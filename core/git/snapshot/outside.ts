/** What is in the work tree and no code: stores and `.runstone`, those of workspaces further down too. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathInside } from "../../capture/git.js";
import { readConfig } from "../../store/open-context.js";
import { parentOf } from "./work-files.js";

/** Whether a path (latin1) is no code. */
export type IsOutside = (path: string) => boolean;

export function outsideOf(root: string, storePath: string | undefined): IsOutside {
  const store = storePath === undefined ? null : pathInside(root, storePath);
  const stores = store === null ? [] : [Buffer.from(store, "utf8").toString("latin1")];
  const nested = new Map<string, string | null>();
  return (path) => {
    if (path.split("/").includes(".runstone")) return true;
    if (stores.some((one) => isBelow(path, one))) return true;
    for (let directory = parentOf(path); directory !== ""; directory = parentOf(directory)) {
      if (!nested.has(directory)) nested.set(directory, storeOfWorkspace(root, directory));
      const below = nested.get(directory) ?? null;
      if (below !== null && isBelow(path, below)) return true;
    }
    return false;
  };
}

function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

function storeOfWorkspace(root: string, directory: string): string | null {
  const workspace = join(root, Buffer.from(directory, "latin1").toString("utf8"));
  if (!existsSync(join(workspace, ".runstone"))) return null;
  return `${directory}/${Buffer.from(storeNameOf(workspace), "utf8").toString("latin1")}`;
}

/** The settings may be anybody's; broken ones, or a store elsewhere, leave the usual name. */
function storeNameOf(workspace: string): string {
  try {
    return pathInside(workspace, join(workspace, readConfig(workspace).store)) ?? "mlruns";
  } catch {
    return "mlruns";
  }
}
