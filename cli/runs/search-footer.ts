/** What is said on stderr below a listing. */
import { textAt } from "../../core/search/cells.js";
import type { RunsArguments } from "../commands/runs-list.js";
import type { CommandContext } from "../context.js";
import { readView } from "../parse/view.js";
import { agePart } from "../store/table-age.js";
import type { Listing } from "./open-listing.js";

export interface Footer {
  /** `runs`, `groups`, ... */
  readonly what: string;
  readonly shown: number;
  readonly total: number;
  readonly nextPageToken: string | null;
}

export function tellFooter(
  context: CommandContext,
  args: RunsArguments,
  listing: Listing,
  footer: Footer,
): void {
  const parts = [
    ...countParts(args, listing, footer),
    ...pageParts(args, footer),
    ...agePart(context, listing.table),
  ];
  if (parts.length > 0) context.err.line(parts.join("; "));
}

function countParts(args: RunsArguments, { table }: Listing, footer: Footer): string[] {
  const { what, shown, total } = footer;
  const filtered = (args.filter ?? args["filter-string"]) !== undefined;
  const inView = filtered ? rowsInView(args, table) : table.rowCount;
  if (inView === 0 && total === 0) return ["No runs. Record one with: runstone run -- COMMAND"];
  if (what === "runs" && filtered)
    return [`${total} of ${inView} runs match${shown < total ? `, ${shown} shown` : ""}`];
  return shown < total ? [`${shown} of ${total} ${what}`] : [];
}

function rowsInView(args: RunsArguments, table: Listing["table"]): number {
  const view = readView(args.view);
  if (view === "all") return table.rowCount;
  const stages = table.column({ entity: "attribute", key: "lifecycle_stage" });
  let count = 0;
  for (let row = 0; row < table.rowCount; row += 1) if (textAt(stages, row) === view) count += 1;
  return count;
}

function pageParts(args: RunsArguments, { shown, total, nextPageToken }: Footer): string[] {
  if (shown >= total) return [];
  if (nextPageToken !== null && (args.limit !== undefined || args["page-token"] !== undefined))
    return [`next page: --page-token ${nextPageToken}`];
  return args["page-token"] === undefined ? ["--all shows all"] : [];
}
