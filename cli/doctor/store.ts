/** The store a command would use here. */
import { accessSync, constants } from "node:fs";
import { readConfig } from "../../core/store/open-context.js";
import { isRunstoneError, WORKSPACE_FORMAT } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { openStore } from "../store/open-store.js";
import { type Check, note, ok, problem } from "./check.js";

export interface StoreFinding {
  readonly root: string | null;
  readonly workspace: string | null;
  readonly checks: readonly Check[];
}

export function checkStore(context: CommandContext): StoreFinding {
  try {
    const { root, workspace } = openStore(context).store.context;
    return { root, workspace, checks: [workspaceCheck(workspace), writableCheck(root)] };
  } catch (error) {
    if (!isRunstoneError(error)) throw error;
    const level = error.code === "NO_WORKSPACE" ? note : problem;
    return { root: null, workspace: null, checks: [level("store", error.message, error.hint ?? "")] };
  }
}

function workspaceCheck(workspace: string | null): Check {
  if (workspace === null)
    return note("workspace", "none around this store", "Works in full, only without shared objects.");
  const { format } = readConfig(workspace);
  if (format <= WORKSPACE_FORMAT) return ok("workspace", workspace);
  return problem("workspace", `${workspace} has format ${format}`, "Upgrade runstone to write here.");
}

function writableCheck(root: string): Check {
  try {
    accessSync(root, constants.W_OK | constants.X_OK);
    return ok("store", `${root} (writable)`);
  } catch {
    return note("store", `${root} (read-only)`, "Everything can be read; nothing can be recorded.");
  }
}
