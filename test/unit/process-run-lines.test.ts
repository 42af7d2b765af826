import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseLineInteger, parseLineNumber } from "../../core/process/line-numbers.js";
import { parseRunLine } from "../../core/process/run-lines.js";
import fc from "../helpers/fast-check.js";

function map(record: Record<string, string>): Record<string, string> {
  return Object.assign(Object.create(null), record);
}

describe("run lines", () => {
  test("the documented examples", () => {
    assert.deepEqual(parseRunLine("::runstone metric loss=0.25 acc=0.9 step=3"), {
      kind: "metric",
      values: [
        { key: "loss", value: 0.25 },
        { key: "acc", value: 0.9 },
      ],
      step: 3,
    });
    assert.deepEqual(parseRunLine('::runstone param lr=0.1 name="two words"'), {
      kind: "param",
      params: map({ lr: "0.1", name: "two words" }),
    });
    assert.deepEqual(parseRunLine("::runstone tag team=a"), { kind: "tag", tags: map({ team: "a" }) });
    assert.deepEqual(parseRunLine("::runstone artifact out/roc.png as plots"), {
      kind: "artifact",
      source: "out/roc.png",
      directory: "plots",
    });
  });

  test("lines that are none", () => {
    for (const line of ["", "loss=1", "x ::runstone metric a=1", "::runstones metric a=1", "::run"]) {
      assert.equal(parseRunLine(line), null, line);
    }
  });

  test("quoting", () => {
    const params = (line: string) => {
      const parsed = parseRunLine(`::runstone param ${line}`);
      return parsed?.kind === "param" ? { ...parsed.params } : parsed;
    };
    assert.deepEqual(params(String.raw`a='x "y" \n'`), { a: String.raw`x "y" \n` });
    assert.deepEqual(params(String.raw`a="q\"\\\n\tA"`), { a: 'q"\\\n\tA' });
    assert.deepEqual(params(String.raw`path=C:\temp\new`), { path: String.raw`C:\temp\new` });
    assert.deepEqual(params(`"a key"="a=b" b=c=d e=`), { "a key": "a=b", b: "c=d", e: "" });
    assert.deepEqual(params(`"a=b"=c`), { "a=b": "c" });
    assert.deepEqual(params("__proto__=x"), JSON.parse('{"__proto__":"x"}'));
  });

  test("a quoted step is a metric of that name", () => {
    assert.deepEqual(parseRunLine('::runstone metric "step"=4 val/acc=nan step=9007199254740993'), {
      kind: "metric",
      values: [
        { key: "step", value: 4 },
        { key: "val/acc", value: Number.NaN },
      ],
      step: 9007199254740993n,
    });
  });

  test("bad lines say what is wrong", () => {
    const reasons: Record<string, RegExp> = {
      "::runstone": /nothing follows/,
      "::runstone metrics a=1": /unknown word "metrics"/,
      "::runstone metric": /no metric/,
      "::runstone metric step=1": /no metric/,
      "::runstone metric loss": /not key=value/,
      "::runstone metric loss=abc": /no number: "abc"/,
      "::runstone metric loss=1 step=1.5": /step is no 64-bit integer/,
      "::runstone param =x": /key is empty/,
      '::runstone param a="x': /not closed/,
      '::runstone param a="\\q"': /unknown escape/,
      "::runstone artifact": /no file/,
      "::runstone artifact a b": /write: artifact/,
    };
    for (const [line, reason] of Object.entries(reasons)) {
      const parsed = parseRunLine(line);
      assert.ok(parsed?.kind === "bad", line);
      assert.match(parsed.reason, reason);
    }
  });

  test("any text survives quoting", () => {
    const text = fc.string({ unit: "binary" }).filter((value) => !/[\n\r]/.test(value));
    fc.assert(
      fc.property(
        text.filter((key) => key !== ""),
        text,
        (key, value) => {
          const line = `::runstone param ${JSON.stringify(key)}=${JSON.stringify(value)}`.replace(
            /\\[bf]/g,
            (found) => (found === "\\b" ? "\\u0008" : "\\u000c"),
          );
          assert.deepEqual(parseRunLine(line), { kind: "param", params: map({ [key]: value }) });
        },
      ),
    );
  });

  test("never throws, whatever a child prints", () => {
    const hostile = fc.array(
      fc.constantFrom("::runstone", " ", "metric", '"', "'", "\\", "=", "a", "1", "as", "\t"),
    );
    fc.assert(
      fc.property(hostile, (parts) => {
        parseRunLine(parts.join(""));
        parseRunLine(`::runstone metric ${parts.join("")}`);
      }),
    );
  });

  test("a line of 4 MB is parsed at once", () => {
    const words = `::runstone param ${'a="b\\""'.repeat(1)} ${"x=\\ ".repeat(1_000_000)}`;
    assert.equal(parseRunLine(words)?.kind, "param");
    assert.equal(parseRunLine(`::runstone param a="${"\\\\".repeat(2_000_000)}`)?.kind, "bad");
  });
});

describe("numbers in lines", () => {
  test("floats", () => {
    for (const [text, value] of [
      ["1", 1],
      ["-1.5e-3", -0.0015],
      [".5", 0.5],
      ["5.", 5],
      ["+Inf", Number.POSITIVE_INFINITY],
      ["-infinity", Number.NEGATIVE_INFINITY],
      ["NaN", Number.NaN],
    ] as const) {
      assert.equal(parseLineNumber(text), value, text);
    }
    for (const text of ["", ".", "1e", "0x10", "1_000", "1,5", "--1", "nano", "e5"]) {
      assert.equal(parseLineNumber(text), null, text);
    }
  });

  test("integers", () => {
    assert.equal(parseLineInteger("-7"), -7);
    assert.equal(parseLineInteger("3.0"), 3);
    assert.equal(parseLineInteger("9223372036854775807"), 9223372036854775807n);
    assert.equal(parseLineInteger("9223372036854775808"), null);
    assert.equal(parseLineInteger("3.5"), null);
  });
});
