import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { readShellLine, shellLine } from "../../core/capture/shell-words.js";
import fc from "../helpers/fast-check.js";

test("a line reads back as its words", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom(..."a' \\\"$\n-=é") })), (words) => {
      assert.deepEqual(readShellLine(shellLine(words)), words);
    }),
  );
});

test("a POSIX shell reads it the same way", () => {
  const words = ["it's", "", "'", "a b", "$HOME", "`id`", "x\ny", "--lr=0.1", "*", "\\"];
  const printed = execFileSync("/bin/sh", ["-c", `printf '%s\\0' ${shellLine(words)}`], { encoding: "utf8" });
  assert.deepEqual(printed.split("\0").slice(0, -1), words);
});

test("what it cannot have written is no line", () => {
  for (const line of ["a  b", "$(id)", 'a "b"', "'open", "a;b", " a", "a\tb"])
    assert.equal(readShellLine(line), null, line);
});
