/** The pages about syncing with a server, run as they are written against a real one. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { newDirectory } from "../cli/program.js";
import { fencedBlocks, readPage } from "../docs/pages.js";
import { assertPageRuns, withoutPrograms } from "../docs/walk-through.js";
import { mlflowServerSkip, startMlflowServer } from "../helpers/mlflow-server.js";

/** The address that pages have. */
const ADDRESS = "http://localhost:5000";
const GUIDE = "docs/guide/sync.md";
const STORY = "## Share runs";

const skip = (await mlflowServerSkip("3")) || withoutPrograms(GUIDE, ["bash", "git", "python3"]);

describe("pages about syncing", { skip }, () => {
  test(`${GUIDE} prints what it says`, async (context) => {
    const server = await startMlflowServer(context, { version: "3" });
    await assertPageRuns(context, GUIDE, 12, (text) => text.replaceAll(ADDRESS, server.url));
  });

  test("each line of the story in README.md works, and the runs are there", async (t) => {
    const server = await startMlflowServer(t, { version: "3" });
    const page = readPage("README.md");
    const [block] = fencedBlocks(page.slice(page.indexOf(STORY))).filter(({ language }) => language === "sh");
    const lines = block!.text.trim().split("\n");
    assert.ok(lines.length <= 10);
    const { script, directory } = newDirectory(t);
    const commands = lines.map((line) =>
      line.replace(ADDRESS, server.url).replace("python3 train.py", "echo ::runstone metric loss=0.5 step=1"),
    );
    const { status, stdout, stderr } = script(`set -e\nmkdir my-project\n${commands.join("\n")}`, {
      cwd: directory,
    });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /1 run synced with lab/);
    assert.match(stdout, /1 run equal at lab/);
  });
});
