/** The walk-through of README.md, run as it is written. */
import { test } from "node:test";
import { assertPageRuns, withoutPrograms } from "./walk-through.js";

const PAGE = "README.md";

test(
  "the walk-through of README.md runs as written and prints what it says",
  {
    skip: withoutPrograms(PAGE, ["bash", "git", "python3", "pgrep"]),
  },
  (context) => assertPageRuns(context, PAGE, 14),
);
