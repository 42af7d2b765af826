/** The guide about servers, run against a real one. */
import { after, test } from "node:test";
import { mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";
import { assertPageRuns } from "./walk-through.js";

const PAGE = "docs/guide/remote-server.md";
const skip = await mlflowServerSkip("3");
const server = skip === false ? await startMlflowServer({ after }, { version: "3" }) : null;

test(`${PAGE} prints what it says`, { skip }, (context) =>
  assertPageRuns(context, PAGE, 8, (page) =>
    page
      .replaceAll("http://localhost:5000", server?.url ?? "")
      // A command that fails on purpose does not end the walk.
      .replace("$ runstone fsck\n", "$ runstone fsck || true\n"),
  ),
);
