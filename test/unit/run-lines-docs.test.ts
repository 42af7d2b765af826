/** The reference page is right: its run lines parse, its patterns find what it says. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { compileCapturePattern } from "../../core/process/capture-pattern.js";
import { parseRunLine } from "../../core/process/run-lines.js";

const page = readFileSync(new URL("../../../docs/reference/run-lines.md", import.meta.url), "utf8");

test("every run line of the page is one", () => {
  const lines = /```text\n([^`]*)```/.exec(page)?.[1]?.trimEnd().split("\n") ?? [];
  assert.equal(lines.length, 5);
  for (const line of lines) assert.notEqual(parseRunLine(line)?.kind, "bad", line);
});

test("every pattern of the page finds what it says", () => {
  const row = /^\| `(.*?)` +\| `(.*?)` +\| `(.*?)` ([\d.]+)(?:, step (\d+))? +\|$/gm;
  const rows = [...page.matchAll(row)];
  assert.equal(rows.length, 4);
  for (const [, pattern = "", line = "", key, value, step] of rows) {
    const found = compileCapturePattern(pattern).match(line);
    const expected = {
      values: [{ key, value: Number(value) }],
      ...(step === undefined ? {} : { step: Number(step) }),
    };
    assert.deepEqual(found, expected, pattern);
  }
});
