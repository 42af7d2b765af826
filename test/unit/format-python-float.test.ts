import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parsePythonFloat, parsePythonInt, serializePythonFloat } from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";

/** Doubles by their bits: every exponent is as likely as any other. */
const anyDouble = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((bits) => {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
});

describe("Python float texts", () => {
  test("any double reads back as itself", () => {
    fc.assert(
      fc.property(fc.oneof(anyDouble, fc.double()), (x) =>
        Object.is(parsePythonFloat(serializePythonFloat(x)), x),
      ),
      { numRuns: 5000 },
    );
  });

  test("the text is what repr() gives", () => {
    const table: [number, string][] = [
      [1, "1.0"],
      [0.1, "0.1"],
      [-0, "-0.0"],
      [0, "0.0"],
      [1e15, "1000000000000000.0"],
      [9999999999999998, "9999999999999998.0"],
      [1e16, "1e+16"],
      [123456789012345680000, "1.2345678901234568e+20"],
      [1e21, "1e+21"],
      [1e-4, "0.0001"],
      [0.00012345, "0.00012345"],
      [1e-5, "1e-05"],
      [1.5e-7, "1.5e-07"],
      [5e-324, "5e-324"],
      [1.7976931348623157e308, "1.7976931348623157e+308"],
      [Number.NaN, "nan"],
      [Number.POSITIVE_INFINITY, "inf"],
      [Number.NEGATIVE_INFINITY, "-inf"],
    ];
    for (const [x, text] of table) assert.equal(serializePythonFloat(x), text);
  });

  test("float() accepts what Python accepts", () => {
    const accepted: [string, number][] = [
      ["1", 1],
      ["-1.5e+3", -1500],
      ["1_0.0_1", 10.01],
      ["1e1_0", 1e10],
      [" \t\n\u000b\u000c\r2 ", 2],
      ["\u00a03\u2003", 3],
      [".5", 0.5],
      ["5.", 5],
      ["+Infinity", Number.POSITIVE_INFINITY],
      ["-INF", Number.NEGATIVE_INFINITY],
      ["1e400", Number.POSITIVE_INFINITY],
      ["-NaN", Number.NaN],
    ];
    for (const [text, x] of accepted) assert.equal(parsePythonFloat(text), x, JSON.stringify(text));
    for (const text of [
      "",
      " ",
      ".",
      "1__0",
      "_1",
      "1_",
      "1_.5",
      "0x10",
      "1e",
      "infinit",
      "1 2",
      "\u001c1",
      "1\0",
      "--1",
    ]) {
      assert.equal(parsePythonFloat(text), undefined, JSON.stringify(text));
    }
  });

  test("int() accepts what Python accepts, beyond the safe range as bigint", () => {
    const accepted: [string, number | bigint][] = [
      ["12", 12],
      [" +1_2\n", 12],
      ["-0", 0],
      ["007", 7],
      ["9007199254740991", Number.MAX_SAFE_INTEGER],
      ["9007199254740992", 9007199254740992n],
      ["-9007199254740993", -9007199254740993n],
      ["00000000000000000000012", 12],
    ];
    for (const [text, value] of accepted) assert.ok(Object.is(parsePythonInt(text), value), text);
    for (const text of ["", "12.0", "1e3", "0x1", "_1", "1 2", "1".repeat(4301)]) {
      assert.equal(parsePythonInt(text), undefined, text.slice(0, 20));
    }
  });
});
