/** Guides whose commands are run as they are written. */
import { test } from "node:test";
import { assertPageRuns, withoutPrograms } from "./walk-through.js";

const EXPORT = "docs/guide/export.md";

test(
  "the guide to exporting prints what it says",
  {
    skip: withoutPrograms(EXPORT, ["bash", "git"]),
  },
  (context) => assertPageRuns(context, EXPORT, 8),
);
