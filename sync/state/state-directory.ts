/** Where the state of a remote lies: `.runstone/remotes/<name>/`. */
import { join } from "node:path";
import { assertNoLinks, listDirectory } from "../../core/fs/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { WORKSPACE_DIRECTORY } from "../../core/workspace/find-workspace.js";
import { checkRemoteName, isRemoteName, RunstoneError } from "../../store-format/index.js";

const REMOTES = "remotes";

/**
 * Absolute. Syncing needs a workspace: that is where remotes are named. Throws NO_WORKSPACE, INVALID_PARAMETER_VALUE (no
 * such name can be) and PERMISSION_DENIED (a link is in its place).
 */
export function stateDirectory(context: Pick<StoreContext, "root" | "workspace">, name: string): string {
  checkRemoteName(name);
  const { workspace } = context;
  if (workspace === null) throw noWorkspace(context.root);
  const own = join(workspace, WORKSPACE_DIRECTORY);
  assertNoLinks(workspace, [WORKSPACE_DIRECTORY]);
  assertNoLinks(own, [REMOTES]);
  assertNoLinks(join(own, REMOTES), [name]);
  return join(own, REMOTES, name);
}

/** Names of the remotes that have state here, in code-unit order. Throws typed I/O errors. */
export function remotesWithState(workspace: string): readonly string[] {
  const entries = listDirectory(join(workspace, WORKSPACE_DIRECTORY, REMOTES)) ?? [];
  return entries.filter((entry) => entry.isDirectory() && isRemoteName(entry.name)).map(({ name }) => name);
}

function noWorkspace(root: string): RunstoneError {
  return new RunstoneError("NO_WORKSPACE", `the store ${root} lies in no workspace, which keeps remotes`, {
    hint: "Make the directory above it one: runstone init --path DIR, with the store as DIR.",
    data: { path: root },
  });
}
