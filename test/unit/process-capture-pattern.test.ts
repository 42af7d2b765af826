import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileCapturePattern } from "../../core/process/capture-pattern.js";
import { LinearRegExp } from "../../core/process/linear-regexp.js";
import { isRunstoneError } from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";

function points(pattern: string, line: string): unknown {
  return compileCapturePattern(pattern).match(line);
}

describe("capture patterns", () => {
  test("templates", () => {
    assert.deepEqual(points("loss=%f", "epoch 3 loss=0.25 acc=0.5"), {
      values: [{ key: "loss", value: 0.25 }],
    });
    assert.deepEqual(points("val loss: %f", "x val   loss: -1e-3, y"), {
      values: [{ key: "loss", value: -0.001 }],
    });
    assert.deepEqual(points("Epoch %(step)d: loss %f acc %(val/acc)f%%", "Epoch 12: loss nan acc 90%"), {
      values: [
        { key: "loss", value: Number.NaN },
        { key: "val/acc", value: 90 },
      ],
      step: 12,
    });
    assert.deepEqual(points("%s (a.b) score=%d", "model (a.b) score=7"), {
      values: [{ key: "score", value: 7 }],
    });
    assert.equal(points("loss=%f", "loss=none"), null);
  });

  test("regular expressions with named groups", () => {
    assert.deepEqual(
      points(String.raw`\[(?<step>\d+)/\d+\] loss=(?<train/loss>\S+)`, "[5/10] loss=0.5, lr=1"),
      {
        values: [{ key: "train/loss", value: 0.5 }],
        step: 5,
      },
    );
    assert.deepEqual(points("(?P<a>[0-9.]+)", "x 1.5. y"), { values: [{ key: "a", value: 1.5 }] });
  });

  test("patterns that are refused", () => {
    const patterns = [
      "",
      "loss",
      "%f",
      "loss=%f loss=%f",
      "(?<step>1)",
      "(?<a>x",
      "(?<a>x)(?=y)",
      "(?<a>x)\\1",
    ];
    for (const pattern of [
      ...patterns,
      "(?<a>(x{200}){200})",
      "(?<a>x**)",
      "(?<a>[b-a])",
      `(?<a>${"x".repeat(1000)})`,
    ]) {
      assert.throws(
        () => compileCapturePattern(pattern),
        (error) => isRunstoneError(error, "INVALID_PARAMETER_VALUE"),
        pattern,
      );
    }
  });

  test("a pattern that blows up elsewhere is linear here", () => {
    const line = `${"a".repeat(20_000)}!`;
    assert.equal(new LinearRegExp("(?<x>(a+)+)+b").exec(line), null);
    assert.equal(new LinearRegExp("(?<x>.*.*.*.*)=.*=z").exec("=".repeat(4_000)), null);
  });
});

describe("the linear matcher finds what RegExp finds", () => {
  const atom = fc.constantFrom(
    "a",
    "b",
    ".",
    "[ab]",
    "[^a]",
    "\\d",
    "\\w",
    "\\b",
    "^",
    "$",
    "1",
    "(?:ab|a)",
    "(?:a|ab)",
  );
  const repeat = fc.constantFrom("", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}?");
  const piece = fc.tuple(atom, repeat).map(([a, r]) => (/^(\\b|\^|\$)$/.test(a) ? a : a + r));
  const sequence = fc.array(piece, { maxLength: 4 }).map((parts) => parts.join(""));
  const pattern = fc
    .tuple(sequence, sequence, sequence, sequence)
    .map(([a, b, c, d]) => `${a}(?<x>${b})(?:${c}|(?<y>${d}))`);
  const text = fc
    .array(fc.constantFrom("a", "b", "1", " ", "c"), { maxLength: 12 })
    .map((parts) => parts.join(""));

  test("over random patterns and texts", () => {
    fc.assert(
      fc.property(pattern, text, (source, line) => {
        const expected = new RegExp(source, "s").exec(line);
        const groups = new LinearRegExp(source).exec(line)?.groups;
        const wanted = expected && { x: expected.groups?.x, y: expected.groups?.y };
        const found = groups ? { x: groups.get("x"), y: groups.get("y") } : null;
        assert.deepEqual(found, wanted, `${source} on ${JSON.stringify(line)}`);
      }),
      { numRuns: 3_000 },
    );
  });

  test("and whether it finds anything, text after text", () => {
    const lines = fc.array(fc.oneof(text, fc.constantFrom("", "\n", "é", "a日1b", "日")), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(pattern, lines, (source, texts) => {
        const expected = new RegExp(source, "s");
        const matcher = new LinearRegExp(source);
        for (const line of texts)
          assert.equal(matcher.test(line), expected.test(line), `${source} on ${JSON.stringify(line)}`);
      }),
      { numRuns: 1_000 },
    );
  });

  test("with more states than are kept", () => {
    const source = "^(?:a|b)*a(?:a|b){11}c$";
    const matcher = new LinearRegExp(source);
    let seed = 1;
    const next = (): string => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % 2 === 0 ? "a" : "b";
    };
    for (let i = 0; i < 20; i += 1) {
      const line = `${Array.from({ length: 300 }, next).join("")}c`;
      assert.equal(matcher.test(line), line.at(-13) === "a");
    }
  });
});

test("a pattern with edges of words finds what a backtracking matcher finds", () => {
  const patterns = ["\\ba", "a\\b", "\\Ba", "a\\B", "^\\b", "\\b$", "a*\\b b", "\\b\\B"];
  const texts = fc.string({ unit: fc.constantFrom("a", "b", " ", "_", "-"), maxLength: 6 });
  fc.assert(
    fc.property(fc.constantFrom(...patterns), texts, (pattern, text) => {
      assert.equal(new LinearRegExp(pattern).test(text), new RegExp(pattern).test(text));
    }),
  );
});
