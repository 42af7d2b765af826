import { type IndexRefresh, refreshIndex } from "../../core/index/refresh-index.js";
import type { CommandContext } from "../context.js";
import { printJsonObject } from "../output/print-json.js";
import { visible } from "../output/visible.js";
import { openPlace } from "../store/open-place.js";
import type { RefreshArguments } from "./refresh.js";

export async function runRefresh(context: CommandContext, { rebuild }: RefreshArguments): Promise<void> {
  const place = openPlace(context);
  const report = refreshIndex(place.context, { rebuild, onDamage: place.onDamage });
  if (context.json) printJsonObject(context, jsonReport(report));
  else printReport(context, report);
}

function jsonReport(report: IndexRefresh): object {
  const { experiments, runs, lookedAt, read, added, changed, removed, seconds, directory, reason } = report;
  return {
    experiments,
    runs,
    looked_at: lookedAt,
    read,
    added,
    changed,
    removed,
    seconds,
    index: directory,
    reason,
  };
}

function printReport({ out }: CommandContext, report: IndexRefresh): void {
  const { experiments, runs, lookedAt, added, changed, removed, seconds, directory, reason } = report;
  out.line(`${count(runs, "run")} in ${count(experiments, "experiment")}`);
  out.line(`${count(lookedAt, "run")} looked at: ${added} new, ${changed} changed, ${removed} gone`);
  out.line(`${seconds.toFixed(2)} s`);
  out.line(
    directory === null ? `no index is kept: ${WHY[reason ?? "no-place"]}` : `index: ${visible(directory)}`,
  );
}

const WHY: Readonly<Record<NonNullable<IndexRefresh["reason"]>, string>> = {
  off: "config.yaml says so (index: none)",
  "no-place": "there is no cache directory (XDG_CACHE_HOME, HOME)",
  network: "the cache directory lies on a network file system",
  refused: "it cannot be kept there",
  empty: "there is nothing to search yet",
};

function count(number: number, what: string): string {
  return `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;
}
