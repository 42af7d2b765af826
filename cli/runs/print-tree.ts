/** Runs below their parents. */
import { activeRows, numberAt, textAt } from "../../core/search/cells.js";
import type { RunTable } from "../../core/search/run-table.js";
import { RunstoneError } from "../../store-format/index.js";
import type { RunsArguments } from "../commands/runs-list.js";
import type { CommandContext } from "../context.js";
import type { CellValue } from "../output/cell.js";
import { isForPeople, isJson } from "../output/formats.js";
import { formatNumber } from "../output/number.js";
import { printRows } from "../output/print-rows.js";
import type { RowColumn } from "../output/row-column.js";
import { readFormat } from "../parse/format-options.js";
import { mustMakeAttribute } from "./attribute-columns.js";
import { type BestChoice, commonMetric, readBest } from "./group-metrics.js";
import { readLimit } from "./listing-limit.js";
import type { Listing } from "./open-listing.js";
import { columnSetting, columnsOfListing, type ListingToPrint } from "./print-listing.js";
import type { RunColumn } from "./run-column.js";
import { type RunJsonOptions, runJson } from "./run-json.js";
import { type Family, type TreeLine, type TreeNode, treeLines, treeOf } from "./run-tree.js";
import { type FoundRows, runOfRow } from "./runs-search.js";
import type { Footer } from "./search-footer.js";

export interface TreeToPrint extends FoundRows {
  readonly listing: Listing;
}

const PARENT = { entity: "tag", key: "mlflow.parentRunId" } as const;

/** The runs that match and all their ancestors; the limit counts trees. */
export async function printTree(
  context: CommandContext,
  args: RunsArguments,
  found: TreeToPrint,
): Promise<Footer> {
  const { table } = found.listing;
  const family = familyOf(found.listing);
  const tops = treeOf(withAncestors(table, found.rows), family);
  const shown = tops.slice(0, readLimit(args));
  const choice = readBest(args.best, table) ?? commonMetric(table, found.rows);
  const best = new BestChildren({ table, family, choice });
  await printNodes(context, args, { ...found, tops: shown, best });
  return { what: "trees", shown: shown.length, total: tops.length, nextPageToken: null };
}

function familyOf(listing: Listing): Family<number> {
  const { table } = listing;
  const parents = table.column(PARENT);
  return {
    id: (row) => storeRun(listing, row, idAt(table, row)),
    parent: (row) => {
      const parent = textAt(parents, row);
      return parent === null ? null : storeRun(listing, row, parent);
    },
  };
}

function idAt(table: RunTable, row: number): string {
  return textAt(table.column({ entity: "attribute", key: "run_id" }), row) ?? "";
}

/** A run's parent is looked for in its own store. */
function storeRun({ severalStores, runAt }: Listing, row: number, id: string): string {
  return severalStores ? `${runAt(row).store}\n${id}` : id;
}

/** A matching child is shown where it hangs: its ancestors come along, deleted ones, too. */
function withAncestors(table: RunTable, rows: readonly number[]): readonly number[] {
  const all = new Set(rows);
  const parents = table.column(PARENT);
  for (const row of all) {
    const parent = textAt(parents, row);
    const above = parent === null ? null : table.rowOf(parent);
    if (above !== null) all.add(above);
  }
  return [...all];
}

interface Nodes extends TreeToPrint {
  readonly tops: readonly TreeNode<number>[];
  readonly best: BestChildren;
}

async function printNodes(context: CommandContext, args: RunsArguments, nodes: Nodes): Promise<void> {
  const format = readFormat(context, args);
  const lines = [...treeLines(nodes.tops)];
  if (lines.length === 0 && format === "table") return;
  const { listing } = nodes;
  const runs = lines.map(({ node }) => runOfRow(listing, nodes, node.item));
  const columns = columnsOfTree(context, args, { listing, runs, matching: nodes.rows, format });
  const hasBest = lines.some(({ node }) => nodes.best.of(node) !== null);
  const json: RunJsonOptions = { ...listing, stores: listing.severalStores, ranks: args["join-ranks"] };
  await printRows(context, {
    columns: [...columns.map(withoutCell), ...(hasBest ? nodes.best.columns : [])],
    rows: lines.map((line, index) => [
      ...columns.map((column) => treeCell(column, column.cell(runs[index]!), line, nodes.best)),
      ...(hasBest ? nodes.best.cells(line.node) : []),
    ]),
    ...(isJson(format) ? { records: nodes.tops.map((top) => nodeRecord(nodes, top, json)) } : {}),
    format,
    output: args.output,
  });
}

/** Programs are told the parent; people see it. */
function columnsOfTree(
  context: CommandContext,
  args: RunsArguments,
  listed: ListingToPrint,
): readonly RunColumn[] {
  const columns = columnsOfListing(context, args, listed);
  if (isForPeople(listed.format) || args.column.length > 0) return columns;
  return [...columns, mustMakeAttribute("parent", columnSetting(context, listed.listing))];
}

function withoutCell({ cell: _, ...column }: RunColumn): RowColumn {
  return column;
}

/** Names hang in the tree; `*` marks the best child. */
function treeCell(
  { key }: RunColumn,
  cell: CellValue,
  { lead, node, parent }: TreeLine<number>,
  best: BestChildren,
): CellValue {
  if (key !== "run_name") return cell;
  const own = typeof cell === "object" && cell !== null ? cell : { value: cell };
  const isBest = parent !== null && best.of(parent) === node.item;
  const name = own.text ?? (own.value === null ? "" : String(own.value));
  return { ...own, text: `${lead}${name}${isBest ? " *" : ""}`, bold: isBest };
}

/** Which child of a run is best: of all its children that are not deleted, whether they match or not. */
class BestChildren {
  readonly #table: RunTable;
  readonly #family: Family<number>;
  readonly #choice: BestChoice | null;
  readonly #found = new Map<TreeNode<number>, number | null>();
  #children: ReadonlyMap<string, readonly number[]> | undefined;

  constructor({ table, family, choice }: BestChildrenOptions) {
    this.#table = table;
    this.#family = family;
    this.#choice = choice?.direction == null ? null : choice;
  }

  get columns(): readonly RowColumn[] {
    if (this.#choice === null) return [];
    return [
      {
        key: "best_child",
        title: `BEST ${this.#choice.field.key}`,
        type: "text",
        align: "right",
        dropOrder: 40,
      },
    ];
  }

  cells(node: TreeNode<number>): readonly CellValue[] {
    if (this.#choice === null) return [];
    const best = this.of(node);
    if (best === null) return [null];
    return [{ value: idAt(this.#table, best), text: formatNumber(this.#valueAt(best)!) }];
  }

  /** The row of the best direct child; null when there is none, or when no metric tells. Of equal ones the first. */
  of(node: TreeNode<number>): number | null {
    let found = this.#found.get(node);
    if (found === undefined) {
      this.#children ??= childrenOf(activeRows(this.#table), this.#family);
      found = this.#bestOf(this.#children.get(this.#family.id(node.item)) ?? []);
      this.#found.set(node, found);
    }
    return found;
  }

  #bestOf(rows: readonly number[]): number | null {
    const sign = this.#choice?.direction === "max" ? -1 : 1;
    let best: { readonly row: number; readonly value: number } | null = null;
    for (const row of rows) {
      const value = this.#valueAt(row);
      if (value === null || !Number.isFinite(value)) continue;
      if (best === null || sign * value < sign * best.value) best = { row, value };
    }
    return best?.row ?? null;
  }

  #valueAt(row: number): number | null {
    return this.#choice === null ? null : numberAt(this.#table.column(this.#choice.field), row);
  }
}

interface BestChildrenOptions {
  readonly table: RunTable;
  readonly family: Family<number>;
  /** null: nothing says what is best. */
  readonly choice: BestChoice | null;
}

/** By the id of the parent. */
function childrenOf(
  rows: readonly number[],
  { parent }: Family<number>,
): ReadonlyMap<string, readonly number[]> {
  const children = new Map<string, number[]>();
  for (const row of rows) {
    const id = parent(row);
    if (id === null) continue;
    const known = children.get(id);
    if (known === undefined) children.set(id, [row]);
    else known.push(row);
  }
  return children;
}

/** Objects in objects are written by calls in calls. */
const DEEPEST_RECORD = 500;

/** The run, with its children in it. Throws UNSUPPORTED for a tree that is too deep for it. */
function nodeRecord(nodes: Nodes, top: TreeNode<number>, json: RunJsonOptions): object {
  const made = new Map<TreeNode<number>, object>();
  // Children come after their parents in the lines: from the end on, each is there when its parent is made.
  for (const { node, depth } of [...treeLines([top])].reverse()) {
    if (depth > DEEPEST_RECORD) throw tooDeep();
    const best = nodes.best.of(node);
    made.set(node, {
      ...runJson(runOfRow(nodes.listing, nodes, node.item), json),
      best_child: best === null ? null : idAt(nodes.listing.table, best),
      children: node.children.map((child) => made.get(child)!),
    });
  }
  return made.get(top)!;
}

function tooDeep(): RunstoneError {
  return new RunstoneError(
    "UNSUPPORTED",
    `the tree is more than ${DEEPEST_RECORD} levels deep: too deep for JSON`,
    {
      hint: "Leave out --tree: the tag mlflow.parentRunId names the parent of each run.",
    },
  );
}
