/** The pages about syncing with a server, run as they are written against a real one. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createFileStore } from "../../core/index.js";
import { DEFAULT_HTTP_SETTINGS } from "../../sync/http/index.js";
import { RestStore } from "../../sync/rest/index.js";
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

  test(`each line of ${GUIDE} that settles experiments and models does so, on both sides`, async (t) => {
    const server = await startMlflowServer(t, { version: "3" });
    const lines = fencedBlocks(readPage(GUIDE)).flatMap(({ language, text }) =>
      language === "sh" ? text.trim().split("\n") : [],
    );
    assert.ok(lines.length >= 4 && lines.every((line) => line.startsWith("runstone resolve ")), lines.join());
    const { read, run, script, directory } = newDirectory(t);
    read(["init"]);
    read(["remote", "add", "lab", server.url]);
    const here = createFileStore({ cwd: directory, path: join(directory, "mlruns") });
    const spoolDirectory = join(directory, "spool");
    const there = new RestStore({ ...DEFAULT_HTTP_SETTINGS, url: server.url }, { spoolDirectory });
    t.after(() => there.close());
    const { experimentId } = await here.createExperiment({ name: "wine", tags: { owner: "nobody" } });
    await here.createRegisteredModel("net", { description: "new" });
    for (const _ of [1, 2, 3]) await here.createModelVersion({ name: "net", source: "s3://models/net" });
    await here.setAlias("net", "champion", 1);
    read(["push", "--models"]);
    const idThere = (await there.getExperimentByName("wine"))!.experimentId;
    await here.setExperimentTags(experimentId, { owner: "ada" });
    await there.setExperimentTags(idThere, { owner: "bob" });
    for (const [store, word] of [
      [here, "mine"],
      [there, "theirs"],
    ] as const) {
      await store.updateRegisteredModel("net", word);
      await store.setAlias("net", "champion", word === "mine" ? 2 : 3);
      await store.transitionStage("net", 2, word === "mine" ? "Staging" : "Production");
    }
    assert.equal(run(["sync", "--models"]).status, 11);
    for (const line of lines) {
      const { status, stderr } = script(line);
      assert.equal(status, 0, `${line}: ${stderr}`);
    }
    const tags = [(await here.getExperiment(experimentId)).tags, (await there.getExperiment(idThere)).tags];
    assert.deepEqual(
      tags.map(({ owner }) => owner),
      ["ada", "ada"],
    );
    for (const store of [here, there]) {
      assert.equal((await store.getRegisteredModel("net")).description, "of the cellar");
      assert.equal((await store.getModelVersionByAlias("net", "champion")).version, 3);
      assert.equal((await store.getModelVersion("net", 2)).currentStage, "Production");
    }
    assert.equal(run(["sync", "--models"]).status, 0);
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
    assert.match(stdout, /Would push 1 run to lab: .*1 point/);
    assert.match(stdout, /1 run synced with lab/);
    assert.match(stdout, /^Nothing is new for lab, 1 unchanged/m);
    assert.match(stdout, /1 run equal at lab/);
    assert.deepEqual(statusIn(stdout), { lab: { SYNCED: "1", NEW: "0", CHANGED: "0", CONFLICT: "0" } });
  });

  test("the story's status tells what is new before the sync, and what changed after it", async (t) => {
    const server = await startMlflowServer(t, { version: "3" });
    const { read } = newDirectory(t);
    const run = (name: string): string =>
      read(["run", "-e", "wine", "--name", name, "--", "sh", "-c", "echo ::runstone metric loss=0.5 step=1"]);
    const status = (): object | undefined => statusIn(read(["status"]))["lab"];
    read(["init"]);
    run("first");
    read(["remote", "add", "lab", server.url]);
    assert.deepEqual(status(), { SYNCED: "0", NEW: "1", CHANGED: "0", CONFLICT: "0" });
    read(["sync"]);
    assert.deepEqual(status(), { SYNCED: "1", NEW: "0", CHANGED: "0", CONFLICT: "0" });
    run("second");
    read(["log", "metric", "loss=0.1", "--step", "2", "--run", "first"]);
    assert.deepEqual(status(), { SYNCED: "0", NEW: "1", CHANGED: "1", CONFLICT: "0" });
    const told = read(["status"]);
    assert.match(told, /^ {2}new +[0-9a-f]{8} {2}second$/m);
    assert.match(told, /^ {2}changed +[0-9a-f]{8} {2}first$/m);
    read(["sync"]);
    assert.deepEqual(status(), { SYNCED: "2", NEW: "0", CHANGED: "0", CONFLICT: "0" });
    // Read back, not believed: what is gone there is told.
    assert.match(read(["verify"]), /^2 runs equal at lab/);
  });

  test("each line of README.md with two remotes works, and each place is told of by itself", async (t) => {
    const server = await startMlflowServer(t, { version: "3" });
    const page = readPage("README.md");
    const blocks = fencedBlocks(page.slice(page.indexOf(STORY))).filter(({ language }) => language === "sh");
    const { script, read, directory } = newDirectory(t);
    read(["init"]);
    for (const experiment of ["wine", "beer"]) read(["run", "-e", experiment, "--", "true"]);
    const text = blocks[1]!.text.replace(ADDRESS, server.url).replace("/media/usb", directory);
    const { status, stdout, stderr } = script(`set -e\n${text}`);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /2 runs synced with stick/);
    assert.match(stdout, /1 run pushed to lab/);
    assert.deepEqual(statusIn(stdout), {
      stick: { SYNCED: "2", NEW: "0", CHANGED: "0", CONFLICT: "0" },
      lab: { SYNCED: "1", NEW: "1", CHANGED: "0", CONFLICT: "0" },
    });
  });
});

/** Some columns of the last table of `runstone status`, by remote. */
function statusIn(stdout: string): Record<string, Record<string, string>> {
  const lines = stdout.split("\n");
  const at = lines.findLastIndex((line) => line.startsWith("REMOTE "));
  const titles = lines[at]!.split(/ {2,}/);
  const rows = lines.slice(at + 1, lines.indexOf("", at) < 0 ? undefined : lines.indexOf("", at));
  const shown = ["SYNCED", "NEW", "CHANGED", "CONFLICT"];
  return Object.fromEntries(
    rows.map((row) => {
      const cells = row.split(/ {2,}/);
      return [cells[0]!, Object.fromEntries(shown.map((title) => [title, cells[titles.indexOf(title)]!]))];
    }),
  );
}
