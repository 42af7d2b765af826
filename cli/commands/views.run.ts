import { shellLine } from "../../core/capture/shell-words.js";
import { listSavedViews, readSavedView, removeSavedView } from "../../core/workspace/saved-views.js";
import { isRunstoneError, type SavedView } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { printJsonObject } from "../output/print-json.js";
import { printRows } from "../output/print-rows.js";
import { visible } from "../output/visible.js";
import { workspaceOf } from "../runs/saved-view.js";
import type { ViewArguments } from "./views.js";

export async function runList(context: CommandContext): Promise<void> {
  const workspace = workspaceOf(context);
  const names = listSavedViews(workspace);
  const lines = names.map((name) => [name, commandOrDamage(workspace, name)]);
  if (names.length > 0 || context.json)
    await printRows(context, {
      columns: [
        { key: "name", title: "NAME", type: "text" },
        { key: "command", title: "COMMAND", type: "text", shrinkTo: 20 },
      ],
      rows: lines,
      format: context.json ? "json" : "table",
    });
  if (names.length === 0)
    context.err.line("No saved views. Save one with: runstone runs ... --save-view NAME");
}

export function runShow(context: CommandContext, { name }: ViewArguments): void {
  const view = readSavedView(workspaceOf(context), name);
  if (context.json)
    return printJsonObject(context, { name, command: commandLine(view), ...viewRecord(view) });
  context.out.line(visible(commandLine(view)));
}

export function runRemove(context: CommandContext, { name }: ViewArguments): void {
  removeSavedView(workspaceOf(context), name);
  context.err.line(`removed ${name}`);
}

/** One damaged view hides no other. */
function commandOrDamage(workspace: string, name: string): string {
  try {
    return commandLine(readSavedView(workspace, name));
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED") && !isRunstoneError(error, "FORMAT_TOO_NEW")) throw error;
    return `(${error.message})`;
  }
}

/** The line that does what the view does, quoted for a POSIX shell. */
function commandLine(view: SavedView): string {
  const option = (name: string) => (value: string | number) => [`--${name}`, String(value)];
  const words = [
    "runstone",
    "runs",
    ...(view.filter === undefined ? [] : [view.filter]),
    ...view.experiments.flatMap(option("experiment")),
    ...(view.view === undefined ? [] : option("view")(view.view)),
    ...view.orderBy.flatMap(orderOption),
    ...view.columns.flatMap(option("columns")),
    ...view.groupBy.flatMap(option("group-by")),
    ...(view.best === undefined ? [] : option("best")(view.best)),
    ...(view.limit === undefined ? [] : option("limit")(view.limit)),
    ...(view.stats ? ["--stats"] : []),
    ...(view.tree ? ["--tree"] : []),
    ...(view.joinRanks ? ["--join-ranks"] : []),
  ];
  return shellLine(words);
}

/** `-acc` alone would be taken for an option. */
function orderOption(word: string): readonly string[] {
  return word.startsWith("-") ? [`--order-by=${word}`] : ["--order-by", word];
}

function viewRecord(view: SavedView): object {
  return {
    filter: view.filter ?? null,
    experiments: view.experiments,
    view: view.view ?? null,
    order_by: view.orderBy,
    columns: view.columns,
    group_by: view.groupBy,
    best: view.best ?? null,
    limit: view.limit ?? null,
    stats: view.stats,
    tree: view.tree,
    join_ranks: view.joinRanks,
  };
}
