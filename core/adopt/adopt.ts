/**
 * Taking over an `mlruns` directory that was committed by hand: it becomes what MLflow and Runstone read, and no value of it
 * changes. First the plan; each change is made by itself, and killed in between nothing is half done: a repetition goes on.
 */
import { dirname } from "node:path";
import { RunstoneError } from "../../store-format/index.js";
import { realPathIfExists } from "../fs/index.js";
import type { StoreContext } from "../store/context.js";
import { writable } from "../store/writable.js";
import { findGitTop } from "../workspace/find-workspace.js";
import { Adoption } from "./adoption.js";
import type { AdoptReport } from "./change.js";
import type { MendOptions } from "./damaged-records.js";
import { StoreAdoption } from "./store-adoption.js";

export type AdoptOptions = MendOptions & {
  /** Default: only the plan. */
  readonly apply?: boolean;
};

/**
 * Plans what the store needs, and with `apply` does it. Throws NOT_A_STORE, PERMISSION_DENIED for links in the place of the
 * store's or workspace's own directories, FORMAT_TOO_NEW; what fails of a single change is in the report.
 */
export function adopt(opened: StoreContext, { apply = false, take }: AdoptOptions): AdoptReport {
  const context = writable(withWorkspace(opened));
  const workspace = context.workspace ?? dirname(context.root);
  const adoption = new Adoption({ root: context.root, workspace, now: context.now() });
  const work = new StoreAdoption(context, adoption, { take });
  work.plan();
  if (!apply) return { ...work.report(), ...work.planned(), applied: false };
  return { ...work.report(), ...work.apply(), applied: true };
}

/** As the store will be opened afterwards. */
export function withWorkspace(context: StoreContext): StoreContext {
  if (context.workspace !== null) return context;
  const workspace = dirname(context.root);
  assertNotLinked(context.root, workspace);
  return { ...context, workspace, locations: findGitTop(workspace) === null ? "absolute" : "relative" };
}

/** A clone may hold a link where its store should be; who means the place it leads to names that one. */
function assertNotLinked(root: string, workspace: string): void {
  const real = realPathIfExists(root);
  if (real === null || dirname(real) === realPathIfExists(workspace)) return;
  throw new RunstoneError("PERMISSION_DENIED", `${root} leads to ${real}: nothing is written through it`, {
    hint: "Name the directory itself, if it is meant.",
    data: { path: root, real },
  });
}
