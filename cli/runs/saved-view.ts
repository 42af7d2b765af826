/** `--save-view NAME` and `--saved NAME`. */
import { relative } from "node:path";
import {
  listSavedViews,
  readSavedView,
  savedViewPath,
  writeSavedView,
} from "../../core/workspace/saved-views.js";
import { RunstoneError, type SavedView } from "../../store-format/index.js";
import type { RunsArguments } from "../commands/runs-list.js";
import type { CommandContext } from "../context.js";
import { visible } from "../output/visible.js";
import { usageError } from "../parse/usage-error.js";
import { VIEWS } from "../parse/view.js";
import type { OpenPlace } from "../store/open-place.js";
import { openPlaceTelling } from "../store/open-place.js";

/** The arguments, with what the saved view says where the command line says nothing. Throws as `readSavedView`. */
export function withSavedView(context: CommandContext, args: RunsArguments): RunsArguments {
  if (args.saved === undefined) return args;
  const saved = readSavedView(workspaceOf(context), args.saved);
  return mergeView(args, saved, args.saved);
}

/** Keeps the arguments under their name, where one is given. Throws as `writeSavedView`. */
export function saveView(context: CommandContext, args: RunsArguments): void {
  const name = args["save-view"];
  if (name === undefined) return;
  const workspace = workspaceOf(context);
  const replaced = listSavedViews(workspace).includes(name);
  writeSavedView(workspace, name, viewOf(args));
  const path = relative(context.cwd, savedViewPath(workspace, name));
  context.err.line(`${replaced ? "replaced" : "saved as"} ${visible(path)}; use it with --saved ${name}`);
}

/** The workspace of the store; where several stores are listed, that of the current directory. */
export function workspaceOf(context: CommandContext): string {
  const one = context.stores.length === 1 ? context : { ...context, store: undefined, stores: [] };
  const place: OpenPlace = openPlaceTelling(one, () => undefined);
  const { workspace, root, refusal } = place.context;
  if (refusal !== undefined) throw refusal;
  if (workspace !== null) return workspace;
  throw new RunstoneError("NO_WORKSPACE", `${root} is in no workspace: views are kept in one`, {
    hint: "Make a workspace with `runstone init`.",
  });
}

function viewOf(args: RunsArguments): SavedView {
  return {
    filter: args.filter ?? args["filter-string"],
    experiments: [...args.experiment, ...args["experiment-id"]],
    view: args.view,
    orderBy: args["order-by"],
    columns: args.column,
    groupBy: args["group-by"],
    best: args.best,
    limit: args.all ? 0 : args.limit === undefined ? undefined : Number(args.limit),
    stats: args.stats,
    tree: args.tree,
    joinRanks: args["join-ranks"],
  };
}

function mergeView(args: RunsArguments, saved: SavedView, name: string): RunsArguments {
  const limited = args.all || args.limit !== undefined;
  const named = [...args.experiment, ...args["experiment-id"]];
  return {
    ...args,
    filter: args.filter ?? args["filter-string"] ?? saved.filter,
    "filter-string": undefined,
    experiment: named.length > 0 ? named : saved.experiments,
    "experiment-id": [],
    view: args.view ?? viewWord(saved.view, name),
    "order-by": args["order-by"].length > 0 ? args["order-by"] : saved.orderBy,
    column: args.column.length > 0 ? args.column : saved.columns,
    "group-by": args["group-by"].length > 0 ? args["group-by"] : saved.groupBy,
    best: args.best ?? saved.best,
    limit: limited ? args.limit : saved.limit,
    stats: args.stats || saved.stats,
    tree: args.tree || saved.tree,
    "join-ranks": args["join-ranks"] || saved.joinRanks,
  };
}

function viewWord(word: string | undefined, name: string): RunsArguments["view"] {
  const found = VIEWS.find((view) => view === word);
  if (word === undefined || found !== undefined) return found;
  throw usageError(`the saved view ${name} has view '${visible(word)}'`, `One of: ${VIEWS.join(", ")}`);
}
