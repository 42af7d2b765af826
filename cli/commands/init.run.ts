import { relative, resolve } from "node:path";
import { type InstalledDrivers, installMergeDrivers } from "../../core/git/attributes/merge-drivers.js";
import { openRepository } from "../../core/git/repository.js";
import { type InitResult, initWorkspace } from "../../core/workspace/init-workspace.js";
import { isRunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { printJsonObject } from "../output/print-json.js";
import { visible } from "../output/visible.js";
import type { InitArguments } from "./init.js";

export async function runInit(context: CommandContext, args: InitArguments): Promise<void> {
  const directory = resolve(context.cwd, args.directory ?? ".");
  const made = initWorkspace(directory, args.path ?? "mlruns");
  const drivers = args["no-git"] ? "not_wanted" : await tryDrivers(context, made);
  if (context.json) return printJsonObject(context, { ...made, mergeDrivers: drivers });
  const store = relative(directory, made.root) || ".";
  const again = made.created.length === 0;
  context.out.line(
    `${again ? "Workspace already there" : "Made a workspace"}: ${visible(made.workspace)} (runs in ${visible(store)})`,
  );
  if (drivers === "installed")
    context.err.line(
      "Git merges runs by record here (written: .git/config, .git/info/attributes; not wanted: --no-git)",
    );
  if (!again) context.err.line("Next: runstone run -- COMMAND");
}

/** A workspace without them is complete: Git then merges runs by its own drivers. */
async function tryDrivers(
  { cwd, env, err }: CommandContext,
  { workspace, root }: InitResult,
): Promise<InstalledDrivers | "no_repository" | "failed"> {
  const command = [process.execPath, resolve(cwd, process.argv[1] ?? "runstone")];
  try {
    const repository = await openRepository({ cwd: workspace, env });
    return await installMergeDrivers({ repository, root, command });
  } catch (error) {
    if (isRunstoneError(error, "NO_REPOSITORY") || isRunstoneError(error, "UNSUPPORTED"))
      return "no_repository";
    if (!isRunstoneError(error)) throw error;
    err.line(`runstone: Git was not told how to merge runs: ${visible(error.message)}`);
    return "failed";
  }
}
