/** The command line on a disk that becomes full: exit code 6, the path in the message, and the same command works when there is space. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { EXIT } from "../../cli/exit-codes.js";
import { newDirectory } from "../cli/program.js";
import { SmallDisk, whyNoMounts } from "../helpers/mounts.js";

const skip = whyNoMounts();

/** Each after the one before succeeded; RUN stands for the run, BIG for a file of several pages. */
const COMMANDS: readonly (readonly string[])[] = [
  ["init"],
  ["experiments", "create", "wine"],
  ["start", "--name", "r"],
  ["log", "metric", "--run", "RUN", "loss=0.5", "acc=0.25"],
  ["log", "param", "--run", "RUN", "lr=0.1"],
  ["log", "tag", "--run", "RUN", "team=a"],
  ["log", "text", "--run", "RUN", "notes/a.txt", "hello"],
  ["log", "artifact", "--run", "RUN", "BIG"],
  ["tag", "RUN", "owner=ana"],
  ["end", "RUN"],
  ["rename", "RUN", "better"],
  ["note", "RUN", "-m", "a note"],
];

describe("commands on a full disk", { skip }, () => {
  test("each is refused with exit code 6 and the path, and works when there is space", (t) => {
    const disk = new SmallDisk({ size: "1m" });
    t.after(() => disk.remove());
    mkdirSync(disk.workspace);
    const program = newDirectory(t);
    writeFileSync(join(program.directory, "big.bin"), Buffer.alloc(20_000, 7));
    let runId = "";
    const call = (args: readonly string[]) => {
      const words = args.map((word) =>
        word === "RUN" ? runId : word === "BIG" ? join(program.directory, "big.bin") : word,
      );
      return program.run(["-C", disk.workspace, ...words], { env: { HOME: program.directory } });
    };
    for (const args of COMMANDS) {
      disk.fill(0);
      const refused = call(args);
      const what = `${args.join(" ")}: ${refused.stdout}${refused.stderr}`;
      assert.equal(refused.status, EXIT.storage, what);
      assert.match(refused.stderr, /no space left/, what);
      assert.ok(refused.stderr.includes(disk.path), what);
      disk.empty();
      const done = call(args);
      assert.equal(done.status, EXIT.ok, `${args.join(" ")} again: ${done.stderr}`);
      if (args[0] === "start") runId = done.stdout.trim();
    }
    const fsck = call(["fsck"]);
    assert.equal(fsck.status, EXIT.ok, fsck.stdout + fsck.stderr);

    const run = JSON.parse(call(["show", runId, "--json"]).stdout);
    assert.equal(run.state, "FINISHED");
    assert.equal(run.run_name, "better");
    assert.deepEqual([run.metrics.loss.value, run.metrics.acc.value], [0.5, 0.25]);
    assert.deepEqual(run.params, { lr: "0.1" });
    assert.deepEqual(
      [run.tags.team, run.tags.owner, run.tags["mlflow.note.content"]],
      ["a", "ana", "a note"],
    );
    const sizes = run.artifacts.map((each: { path: string; file_size: number }) => [
      each.path,
      each.file_size,
    ]);
    assert.deepEqual(sizes.slice(0, 2), [
      ["big.bin", 20_000],
      ["notes/a.txt", 6],
    ]);
  });
});
