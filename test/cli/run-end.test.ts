/** What `runstone run` says at its end, and `runstone show` afterwards. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { newDirectory, type Workspace } from "./program.js";

/** Spools beside the workspace, away from the user's own. */
function runIn(t: TestContext): Workspace & { record(...words: string[]): string } {
  const place = newDirectory(t);
  place.read(["init"]);
  const env = { RUNSTONE_SPOOL_DIR: newDirectory(t).directory };
  return {
    ...place,
    record(...words) {
      const { status, stderr } = place.run(["run", ...words], { env });
      assert.equal(status, 0, stderr);
      return stderr;
    },
  };
}

test("the duration is the one that show has", (t) => {
  const place = runIn(t);
  const facts = JSON.parse(place.record("--json", "--", "true").trim().split("\n").at(-1)!);
  const run = JSON.parse(place.read(["show", facts.run_id, "--json"]));
  assert.equal(facts.duration_ms, run.end_time - run.start_time);
  assert.match(
    place.record("--resume", facts.run_id, "--", "true"),
    /FINISHED in \S+ of this attempt, resumed/,
  );
});

test("each pattern that brings nothing is told, and how it came", (t) => {
  const place = runIn(t);
  writeFileSync(join(place.directory, "old.txt"), "1");
  const command = ["--", "sh", "-c", "echo 1 > new.txt; echo 1 > new.log"];
  const said = place.record("-a", "new.*", "-a", "!*.log", "-a", "old.*", "-a", "none.*", ...command);
  assert.match(said, /--artifacts none\.\*: no file matches/);
  assert.match(said, /--artifacts old\.\*: of the files that match \(1\), none was made or changed/);
  assert.doesNotMatch(said, /--artifacts (new|!)/);
  const listed = place.read(["artifacts", "list", JSON.parse(place.read(["runs", "--json"]))[0].run_id]);
  assert.match(listed, /^new\.txt/m);
  assert.doesNotMatch(listed, /new\.log|old\.txt/);
});

test("of more than five problems it is said how many more there are", (t) => {
  const place = runIn(t);
  const patterns = (count: number) => Array.from({ length: count }, (_, n) => ["-a", `none${n}`]).flat();
  assert.match(place.record(...patterns(6), "--", "true"), /^runstone: and 1 more problem$/m);
  assert.match(place.record(...patterns(7), "--", "true"), /^runstone: and 2 more problems$/m);
});

test("show says what the capture lacks", (t) => {
  const place = runIn(t);
  place.record("--", "true");
  assert.match(place.read(["show"]), /^ {2}missing +git: not in a Git work tree/m);
});
