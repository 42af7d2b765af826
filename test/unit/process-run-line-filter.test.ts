import assert from "node:assert/strict";
import { test } from "node:test";
import { RunLineFilter } from "../../core/process/run-line-filter.js";
import fc from "../helpers/fast-check.js";

function filtered(chunks: readonly string[]): string {
  const filter = new RunLineFilter();
  return [
    ...chunks.map((chunk) => filter.push(Buffer.from(chunk)).toString("latin1")),
    filter.end().toString("latin1"),
  ].join("");
}

test("run lines are left out, everything else passes byte by byte", () => {
  assert.equal(filtered(["a\n::runstone metric x=1\nb\n"]), "a\nb\n");
  assert.equal(filtered(["  ::runstone param a=1\n\n::runstones\n:: x\n"]), "\n::runstones\n:: x\n");
  assert.equal(filtered(["::runst", "one tag a=b", " c\nrest"]), "rest");
  assert.equal(filtered(["::runstone"]), "::runstone");
  assert.equal(filtered(["half ::runstone metric a=1\n"]), "half ::runstone metric a=1\n");
});

test("however the output is cut, the same passes", () => {
  const line = fc.oneof(
    fc.constantFrom("::runstone metric a=1\n", " ::runstone x\n", "::run\n", ":", "\n", "text "),
    fc.string({ maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), fc.array(fc.nat({ max: 40 })), (lines, cuts) => {
      const text = Buffer.from(lines.join("")).toString("latin1");
      const ends = [...new Set(cuts.filter((cut) => cut < text.length))].sort((a, b) => a - b);
      const chunks = [...ends, text.length].map((end, i) => text.slice(i === 0 ? 0 : ends[i - 1], end));
      const bytes = (part: string): string => part;
      const filter = new RunLineFilter();
      const whole = new RunLineFilter();
      const inParts = chunks
        .map((chunk) => filter.push(Buffer.from(bytes(chunk), "latin1")).toString("latin1"))
        .join("");
      const atOnce = whole.push(Buffer.from(text, "latin1")).toString("latin1");
      assert.equal(inParts + filter.end().toString("latin1"), atOnce + whole.end().toString("latin1"));
      const expected = text
        .split("\n")
        .filter((one) => !/^[ \t]*::runstone[ \t]/.test(one) && !/^[ \t]*::runstone$/.test(one));
      if (text.endsWith("\n"))
        assert.equal(
          atOnce
            .split("\n")
            .filter((one) => one !== "")
            .join("\n"),
          expected.filter((one) => one !== "").join("\n"),
        );
    }),
  );
});
