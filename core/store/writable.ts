/**
 * May this store be written? A store and its workspace may arrive by clone, so what they say is not trusted: their
 * config and their links must not make us write or delete anywhere else than in them.
 */
import { basename, dirname, isAbsolute, join, relative, sep } from "node:path";
import { RunstoneError } from "../../store-format/index.js";
import { assertNoLinks, BUILDING_SITE, realPathIfExists } from "../fs/index.js";
import { WORKSPACE_DIRECTORY } from "../workspace/find-workspace.js";
import type { StoreContext } from "./context.js";
import { REGISTRY, TORN, TRASH, WRITERS } from "./layout.js";

const IN_ROOT = [TRASH, BUILDING_SITE, REGISTRY];
const IN_WORKSPACE = ["objects", "objects/tmp", "quarantine", "incoming"];
const IN_RUN = ["metrics", "params", "tags", "artifacts", "inputs", "outputs", WRITERS, TORN];
const IN_EXPERIMENT = ["tags", "datasets", "models"];

/**
 * The context, for an operation that writes. Throws FORMAT_TOO_NEW (a newer release made the workspace), and
 * PERMISSION_DENIED for a store that only the workspace's own config puts elsewhere, and for links in the place of
 * directories of the store or workspace.
 */
export function writable<Context extends Pick<StoreContext, "root" | "workspace" | "refusal">>(
  context: Context,
): Context {
  if (context.refusal !== undefined) throw context.refusal;
  assertNoLinks(context.root, IN_ROOT);
  if (context.workspace === null) return context;
  assertNoLinks(context.workspace, [WORKSPACE_DIRECTORY]);
  assertNoLinks(join(context.workspace, WORKSPACE_DIRECTORY), IN_WORKSPACE);
  return context;
}

/** Throws PERMISSION_DENIED when a directory of this run is a link. */
export function assertWritableRun({ directory }: { readonly directory: string }): void {
  assertNoLinks(directory, IN_RUN);
}

/** As {@link assertWritableRun}, for an experiment. */
export function assertWritableExperiment({ directory }: { readonly directory: string }): void {
  assertNoLinks(directory, IN_EXPERIMENT);
}

/** Whether the store lies in its workspace, links resolved. */
function liesInWorkspace(root: string, workspace: string): boolean {
  const below = relative(realPathOf(workspace), realPathOf(root));
  return below !== "" && below !== ".." && !below.startsWith(`..${sep}`) && !isAbsolute(below);
}

/** The real path of what is there, and of the place of what is not there yet. */
function realPathOf(path: string): string {
  const above = dirname(path);
  return realPathIfExists(path) ?? (above === path ? path : join(realPathOf(above), basename(path)));
}

/** Throws PERMISSION_DENIED for a store that its workspace's config puts outside. */
export function assertInWorkspace(root: string, workspace: string): void {
  if (liesInWorkspace(root, workspace)) return;
  throw new RunstoneError(
    "PERMISSION_DENIED",
    `the workspace's config puts the store in ${root}, outside ${workspace}: nothing is written there`,
    {
      hint: `A config may come with a clone. If you want it, name the store yourself: --store or RUNSTONE_STORE=${root}`,
      data: { path: root, workspace },
    },
  );
}
