import { relative, resolve } from "node:path";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import type { CommandContext } from "../context.js";
import { printJsonObject } from "../output/print-json.js";
import { visible } from "../output/visible.js";
import type { InitArguments } from "./init.js";

export async function runInit(context: CommandContext, args: InitArguments): Promise<void> {
  const directory = resolve(context.cwd, args.directory ?? ".");
  const made = initWorkspace(directory, args.path ?? "mlruns");
  if (context.json) return printJsonObject(context, { ...made });
  const store = relative(directory, made.root) || ".";
  const again = made.created.length === 0;
  context.out.line(
    `${again ? "Workspace already there" : "Made a workspace"}: ${visible(made.workspace)} (runs in ${visible(store)})`,
  );
  if (!again) context.err.line("Next: runstone run -- COMMAND");
}
