/** What stood on both sides of a conflict, out of the file that Git left. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { splitConflict } from "../../store-format/index.js";
import { GIT_ENV } from "../helpers/git-repository.js";

function sidesOf(text: string): { ours: string; theirs: string; base: string | null } | null {
  const sides = splitConflict(Buffer.from(text));
  if (sides === null) return null;
  const [ours, theirs] = [sides.ours, sides.theirs].map((side) => Buffer.from(side).toString()) as [
    string,
    string,
  ];
  return { ours, theirs, base: sides.base === null ? null : Buffer.from(sides.base).toString() };
}

test("lines around a conflict are on both sides", () => {
  const text = "a\n<<<<<<< HEAD\nb\n=======\nc\nd\n>>>>>>> x\ne\n<<<<<<< HEAD\n=======\nf\n>>>>>>> x\n";
  assert.deepEqual(sidesOf(text), { ours: "a\nb\ne\n", theirs: "a\nc\nd\ne\nf\n", base: null });
});

test("marks that make no sense are none", () => {
  for (const text of [
    "plain\n",
    "<<<<<<< HEAD\nb\n",
    "<<<<<<< HEAD\nb\n>>>>>>> x\n",
    "=======\nb\n>>>>>>> x\n",
    "<<<<<<< HEAD\n<<<<<<< HEAD\n=======\n>>>>>>> x\n",
    "<<<<<<< HEAD\nb\n=======\nc\n=======\n>>>>>>> x\n",
  ])
    assert.equal(sidesOf(text), null, text);
});

test("bytes of any encoding, and line ends that were converted", () => {
  const bytes = Buffer.from([
    ...Buffer.from("<<<<<<< a\r\n"),
    0xff,
    0x0d,
    0x0a,
    ...Buffer.from("=======\r\nx\r\n>>>>>>> b\r\n"),
  ]);
  assert.deepEqual(splitConflict(bytes)?.ours, Uint8Array.of(0xff, 0x0a));
});

for (const style of ["merge", "diff3", "zdiff3"] as const)
  test(`what git merge-file writes (${style}) gives the sides back`, (t) => {
    const directory = mkdtempSync(join(tmpdir(), "runstone-conflict-"));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    const [base, ours, theirs] = [
      "1\n2\n3\n4\n5\n",
      "1\n2\nours\n4\n5\n",
      "1\n2\ntheirs\nmore\n5\n6\n",
    ] as const;
    for (const [name, text] of Object.entries({ base, ours, theirs }))
      writeFileSync(join(directory, name), text);
    const flags = style === "merge" ? [] : [`--${style}`];
    try {
      execFileSync("git", ["merge-file", ...flags, "ours", "base", "theirs"], {
        cwd: directory,
        env: GIT_ENV,
        stdio: "pipe",
      });
      assert.fail("a conflict was expected");
    } catch (error) {
      if ((error as { status?: number }).status !== 1) return t.skip(`this Git knows no ${style}`);
    }
    const sides = sidesOf(readFileSync(join(directory, "ours"), "utf8"));
    assert.equal(sides?.ours.startsWith("1\n2\nours\n"), true);
    assert.equal(sides?.theirs, theirs);
    // Outside of the conflict a base has what was merged there.
    assert.equal(sides?.base?.startsWith("1\n2\n3\n") ?? null, style === "merge" ? null : true);
  });
