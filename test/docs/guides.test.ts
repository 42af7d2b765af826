/** Guides whose commands are run as they are written. */
import { test } from "node:test";
import { assertPageRuns, withoutPrograms } from "./walk-through.js";

/** Pages, and how many commands each has at least. */
const PAGES = [
  ["docs/guide/export.md", 8],
  ["docs/guide/finding-runs.md", 15],
  ["docs/guide/overview.md", 5],
  ["docs/guide/compare.md", 7],
  ["docs/guide/plot.md", 5],
  ["docs/guide/history.md", 10],
  ["docs/guide/remotes.md", 12],
  ["docs/guide/carry.md", 15],
  ["docs/guide/adopt.md", 9],
  ["docs/guide/reproduce.md", 7],
] as const;

for (const [page, commands] of PAGES) {
  test(
    `${page} prints what it says`,
    { skip: withoutPrograms(page, ["bash", "git", "python3"]) },
    (context) => assertPageRuns(context, page, commands),
  );
}
