import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  isRunstoneError,
  MAX_YAML_DEPTH,
  parseYamlFile,
  parseYamlMap,
  serializeYamlMap,
  type YamlInput,
} from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";
import { resolved, yamlMap, yamlPiece, yamlSpecial } from "./format-arbitraries.js";
import { generalYaml, toPlain, utf8 } from "./format-support.js";

const sortedPlain = (value: unknown): unknown =>
  toPlain(value instanceof Map ? new Map([...value].sort()) : value);

describe("YAML", () => {
  test("any map written is the map read", () => {
    fc.assert(
      fc.property(yamlMap, (value) => {
        assert.deepEqual(resolved(parseYamlMap(serializeYamlMap(value))), value);
      }),
      { numRuns: 1000 },
    );
  });

  test("our own reader and the general one agree on what we write", () => {
    const simple = fc.dictionary(
      fc.stringMatching(/^[a-z][a-z0-9_.]{0,20}$/),
      fc.oneof(yamlSpecial, fc.stringMatching(/^[ -~]*$/)),
    );
    fc.assert(
      fc.property(simple, (value) => {
        const written = serializeYamlMap(value);
        assert.deepEqual(toPlain(parseYamlMap(written)), toPlain(generalYaml(written)));
      }),
    );
  });

  test("is written as PyYAML writes it", () => {
    const folded = `key: ${"word ".repeat(20)}end\n`;
    const table: [Record<string, YamlInput>, string][] = [
      [{}, "{}\n"],
      [{ b: 1, a: "x", é: null }, "a: x\nb: 1\né: null\n"],
      [{ a: "", b: [], c: {}, d: true, e: [1, "two"] }, "a: ''\nb: []\nc: {}\nd: true\ne:\n- 1\n- two\n"],
      [
        { a: "yes", b: "1:30", c: "=", d: "1e5", e: "it's", f: "a: b" },
        "a: 'yes'\nb: '1:30'\nc: '='\nd: 1e5\ne: it's\nf: 'a: b'\n",
      ],
      [
        { a: "x\ny", b: "tab\t", c: "😀", d: "\u0085" },
        `a: 'x\n\n  y'\nb: "tab\\t"\nc: "\\U0001F600"\nd: "\\N"\n`,
      ],
      [
        { a: 0.1, b: 1e22, c: Number.NaN, d: Number.NEGATIVE_INFINITY },
        "a: 0.1\nb: 1.0e+22\nc: .nan\nd: -.inf\n",
      ],
      [{ key: folded.slice(5, -1) }, `key: ${"word ".repeat(15)}word\n  word word word word end\n`],
      [{ m: { k: { x: "1" } } }, "m:\n  k:\n    x: '1'\n"],
      [{ [`${"k".repeat(129)}`]: ["a"] }, `? ${"k".repeat(129)}\n: - a\n`],
    ];
    for (const [value, expected] of table) assert.equal(serializeYamlMap(value), expected);
  });

  test("what PyYAML folds over lines is one text", () => {
    const read = parseYamlMap(
      "a: plain\n  goes\n\n  on\nb: 'it''s\n\n  two'\nc: \"x\\\n  \\ y\n  z\"\nd:\n- 1\n- - 2\n- k: v\n  l: w\n",
    );
    assert.deepEqual(
      resolved(read),
      new Map<string, unknown>([
        ["a", "plain goes\non"],
        ["b", "it's\ntwo"],
        ["c", "x y z"],
        [
          "d",
          [
            1,
            [2],
            new Map([
              ["k", "v"],
              ["l", "w"],
            ]),
          ],
        ],
      ]),
    );
  });

  test("ids stay texts whatever they look like", () => {
    const read = parseYamlMap(
      "run_id: 12345678e90123456789012345678901\nexperiment_id: 123456789012345678\n",
    );
    assert.deepEqual(
      toPlain(read),
      toPlain(
        new Map([
          ["run_id", { text: "12345678e90123456789012345678901", quoted: false }],
          ["experiment_id", { text: "123456789012345678", quoted: false }],
        ]),
      ),
    );
  });

  test("CR LF, a byte-order mark and duplicate keys are read as PyYAML reads them", () => {
    assert.deepEqual(
      resolved(parseYamlMap("\ufeffa: 1\r\nb: x\r\n  y\r\na: 2\r\n")),
      new Map<string, unknown>([
        ["a", 2],
        ["b", "x y"],
      ]),
    );
  });

  test("the rest of YAML goes to the general reader", () => {
    const hand = "# settings\n---\na: [x, 'y']  # flow\nb: |\n  two\n  lines\nc: {k: v}\n";
    assert.throws(
      () => parseYamlMap(hand),
      (e) => isRunstoneError(e, "DAMAGED"),
    );
    assert.deepEqual(
      sortedPlain(resolved(parseYamlMap(hand, generalYaml))),
      sortedPlain(
        new Map<string, unknown>([
          ["a", ["x", "y"]],
          ["b", "two\nlines\n"],
          ["c", new Map([["k", "v"]])],
        ]),
      ),
    );
  });

  test("the general reader's answer is checked", () => {
    const damaged = (e: unknown) => isRunstoneError(e, "DAMAGED");
    for (const answer of [
      null,
      "text",
      5,
      [],
      { text: "x" },
      new Map([[1, { text: "", quoted: false }]]),
      new Map([["a", 1]]),
    ]) {
      assert.throws(() => parseYamlMap("# x", () => answer), damaged, JSON.stringify(answer));
    }
    assert.throws(
      () =>
        parseYamlMap("# x", () => {
          throw new Error("no");
        }),
      damaged,
    );
  });

  test("nonsense is DAMAGED with its offset, and nothing else ever", () => {
    const table: [string, number][] = [
      ["a: 1\nb\n", 5],
      ["a: 'x\n", 3],
      ["a: b: c\n", 4],
      ["a: 1\n  b: 2\n", 8],
      ['a: "\\q"\n', 4],
      ['a: "\\ud83d"\n', 4],
      ["a: 1\n\0\0\0", 5],
      ["a: @x\n", 3],
      ["- a\n", 0],
    ];
    for (const [source, offset] of table) {
      assert.throws(
        () => parseYamlMap(source),
        (e) => isRunstoneError(e, "DAMAGED") && e.data.offset === offset,
        source,
      );
    }
    fc.assert(
      fc.property(
        fc.array(yamlPiece).map((parts) => parts.join("")),
        (source) => {
          try {
            parseYamlMap(source);
          } catch (error) {
            assert.ok(isRunstoneError(error, "DAMAGED"), String(error));
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  test("nesting and size are limited", () => {
    const nested = (depth: number) =>
      Array.from({ length: depth }, (_, i) => `${" ".repeat(i)}k:\n`).join("");
    assert.ok(parseYamlMap(nested(MAX_YAML_DEPTH)));
    assert.throws(
      () => parseYamlMap(nested(5000)),
      (e) => isRunstoneError(e, "DAMAGED") && e.data.reason === "nested too deeply",
    );
    assert.throws(
      () => parseYamlMap(`a: ${"- ".repeat(5000)}x`),
      (e) => isRunstoneError(e, "DAMAGED"),
    );
    assert.throws(
      () => parseYamlMap(`a:\n${"- ".repeat(5000)}x`),
      (e) => isRunstoneError(e, "DAMAGED") && e.data.reason === "nested too deeply",
    );
    assert.throws(
      () => parseYamlMap(`a: ${"x".repeat(17 * 1_048_576)}`),
      (e) => isRunstoneError(e, "DAMAGED"),
    );
  });

  test("a long hostile file takes time in proportion to its length", { timeout: 120_000 }, () => {
    const size = 200_000;
    for (const source of [
      `a: ${"x ".repeat(size)}`,
      `a: b${"\n".repeat(size)} c`,
      `a:\n${"- x\n".repeat(size)}`,
      `a: 'x${"\n y".repeat(size)}'`,
      `a: x${"\n y".repeat(size)}`,
    ]) {
      parseYamlMap(source);
    }
  });

  test("files: empty is a reason of its own, offsets are bytes", () => {
    const reasonOf = (bytes: Uint8Array): unknown => {
      try {
        parseYamlFile(bytes, "file", { path: "x/meta.yaml" });
      } catch (error) {
        if (isRunstoneError(error, "DAMAGED")) return [error.data.reason, error.data.offset, error.data.path];
        throw error;
      }
      return undefined;
    };
    for (const source of ["", "\n", "a", "  \n\n"])
      assert.deepEqual(reasonOf(utf8(source)), ["empty", 0, "x/meta.yaml"]);
    assert.deepEqual(reasonOf(utf8("é: 1\nb\n")), ["key without a colon", 6, "x/meta.yaml"]);
    assert.deepEqual(reasonOf(new Uint8Array([0x61, 0x3a, 0x20, 0xc3, 0xa9, 0xc3, 0x28])), [
      "not valid UTF-8",
      5,
      "x/meta.yaml",
    ]);
    assert.deepEqual(reasonOf(new Uint8Array(600)), ["character that YAML does not allow", 0, "x/meta.yaml"]);
  });

  test("a lone surrogate is refused", () => {
    assert.throws(
      () => serializeYamlMap({ a: "\ud83d" }),
      (e) => isRunstoneError(e, "INVALID_PARAMETER_VALUE"),
    );
  });
});
