import { findWorkspace } from "../../core/workspace/find-workspace.js";
import { RunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { openPlaceTelling } from "../store/open-place.js";

/** The workspace whose remotes are meant: that of the store which is named, else the one around `cwd`. Throws NO_WORKSPACE. */
export function workspaceOfRemotes(context: CommandContext): string {
  const named = context.store !== undefined || (context.env.RUNSTONE_STORE ?? "") !== "";
  const workspace = named
    ? openPlaceTelling(context, () => undefined).context.workspace
    : findWorkspace(context.cwd);
  if (workspace !== null) return workspace;
  throw new RunstoneError("NO_WORKSPACE", "remotes are settings of a workspace, and there is none here", {
    hint: "Make one with: runstone init",
    data: { cwd: context.cwd },
  });
}
