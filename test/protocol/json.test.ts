/** JSON as MLflow speaks it: integers of 64 bits, numbers that JSON has not, hostile texts. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  isJsonObject,
  type JsonInput,
  MAX_JSON_DEPTH,
  parseJson,
  serializeJson,
} from "../../protocol/mlflow/index.js";
import fc from "../helpers/fast-check.js";

describe("reading JSON", () => {
  test("integers beyond 2^53 are kept, in numbers of any place", () => {
    const parsed = parseJson('{"a":[9223372036854775807,-9223372036854775808],"b":9007199254740993}');
    assert.deepEqual(parsed, { a: [9223372036854775807n, -9223372036854775808n], b: 9007199254740993n });
    assert.deepEqual(parseJson("[9007199254740991, 123456789012345]"), [9007199254740991, 123456789012345]);
  });

  test("long digits in doubles and in texts are no integers", () => {
    const doubles = ["0.12345678901234567", "1e300", "1234567890123456789.5", "12345678901234567e3", "-0"];
    const texts = `"9223372036854775807",${doubles.join(",")}`;
    const expected = ["9223372036854775807", ...doubles.map(Number)];
    assert.deepEqual(parseJson(`[${texts}]`), expected);
    assert.deepEqual(parseJson(`[${texts},9223372036854775807]`), [...expected, 9223372036854775807n]);
  });

  test("texts with quotes, backslashes and digits do not mislead", () => {
    const tricky = ['\\"', "\\", '{"[', "1234567890123456789", '"\\\\"'];
    const text = `${JSON.stringify(tricky).slice(0, -1)},9223372036854775807]`;
    assert.deepEqual(parseJson(text), [...tricky, 9223372036854775807n]);
  });

  test("what is no JSON is refused, also next to long integers", () => {
    const long = "9223372036854775807";
    const wrong = [
      "",
      "{",
      "[1,]",
      "nul",
      "NaN",
      `[${long},]`,
      `{${long}:1}`,
      `[${long}`,
      `[${long}]x`,
      `["a${long}`,
    ];
    for (const text of [...wrong, `[${long},01]`, `[${long}, NaN]`, `{"a" ${long}}`, `["\n",${long}]`])
      assert.throws(() => parseJson(text), SyntaxError, text);
  });

  test("nesting is capped before anything is built", () => {
    const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
    assert.doesNotThrow(() => parseJson(nested(MAX_JSON_DEPTH)));
    assert.throws(() => parseJson(nested(MAX_JSON_DEPTH + 1)), /nested deeper/);
    assert.throws(() => parseJson("[".repeat(5_000_000)), /nested deeper/);
  });

  test("a member called __proto__ is a member", () => {
    for (const text of ['{"__proto__":{"a":1}}', '{"__proto__":{"a":1},"b":9223372036854775807}']) {
      const parsed = parseJson(text);
      assert(isJsonObject(parsed));
      assert.deepEqual(Object.getOwnPropertyDescriptor(parsed, "__proto__")?.value, { a: 1 });
      assert.equal(Object.getPrototypeOf(parsed), Object.prototype);
    }
  });
});

describe("writing JSON", () => {
  test("numbers that JSON has not", () => {
    assert.equal(
      serializeJson([
        Number.NaN,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
        -0,
        0,
        1e21,
        2n ** 63n - 1n,
      ]),
      '["NaN","Infinity","-Infinity",-0.0,0,1e+21,9223372036854775807]',
    );
  });

  test("undefined members are left out", () => {
    assert.equal(serializeJson({ a: undefined, b: null, c: [true] }), '{"b":null,"c":[true]}');
  });
});

test("what is written reads back", () => {
  const leaf = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.boolean(),
    fc.constant(null),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((x) => !isWideInteger(x)),
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
    fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
  );
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie("any")), fc.dictionary(fc.string(), tie("any"))),
  })).any as fc.Arbitrary<JsonInput>;
  fc.assert(
    fc.property(value, (json) => {
      assert.deepStrictEqual(plain(parseJson(serializeJson(json))), plain(json));
    }),
  );
});

test("texts that JSON.parse reads are read alike, whichever way they go", () => {
  fc.assert(
    fc.property(fc.json(), fc.boolean(), (text, long) => {
      fc.pre(!/[0-9]{16}/.test(text));
      const wrapped = `[${text}${long ? ",9223372036854775807" : ""}]`;
      const found = parseJson(wrapped) as unknown[];
      assert.deepStrictEqual(plain(found[0]), plain(JSON.parse(text)));
    }),
  );
});

/** A double whose shortest digits are not its value: as digits alone it is read as the integer they are. */
function isWideInteger(value: number): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value);
}

/** The prototype of a map is of no concern. */
function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  return new Map(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}
