import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  checkPoint,
  isLater,
  isRunstoneError,
  latestPoint,
  MAX_METRIC_PROBLEMS,
  type MetricLine,
  MetricLineParser,
  type Point,
  parseMetricFile,
  parseMetricLine,
  serializeModelPoint,
  serializePoint,
} from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";
import { utf8 } from "./format-support.js";

const INT64 = 2n ** 63n;
const integer = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc
    .bigInt({ min: -INT64, max: INT64 - 1n })
    .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value)),
);
const point = fc.record({ timestamp: integer, value: fc.double(), step: integer }, { noNullPrototype: true });
/** Lines close to what a metric file holds, most of them broken somewhere. */
const oddLine = fc
  .array(
    fc.constantFrom(
      "1",
      "0",
      "17",
      " ",
      " ",
      "  ",
      ".",
      "-",
      "+",
      "e",
      "_",
      "nan",
      "inf",
      "\r",
      "é",
      "\t",
      "x",
    ),
    {
      maxLength: 14,
    },
  )
  .map((parts) => parts.join(""));

function splitAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, i) => bytes.slice(places[i], end));
}

describe("metric lines", () => {
  test("any points written are the points read", () => {
    fc.assert(
      fc.property(fc.array(point), (points) => {
        const file = parseMetricFile(utf8(points.map(serializePoint).join("")), "run");
        assert.deepEqual(file.points, points);
        assert.equal(file.problemCount, 0);
        assert.equal(file.torn, undefined);
      }),
    );
  });

  test("model points keep run and dataset", () => {
    const points = [
      { timestamp: 1, value: 0.5, step: 0, runId: "abc" },
      { timestamp: 2, value: Number.NaN, step: -1, runId: "abc", dataset: { name: "données", digest: "5f" } },
    ];
    const text = points.map(serializeModelPoint).join("");
    assert.equal(text, "1 0.5 0 abc\n2 nan -1 abc données 5f\n");
    assert.deepEqual(parseMetricFile(utf8(text), "model").points, points);
  });

  test("the fast reader reads every line as the rule does", () => {
    fc.assert(
      fc.property(fc.array(oddLine), fc.constantFrom("run" as const, "model" as const), (lines, kind) => {
        const expected = lines
          .map((line) => parseMetricLine(line, kind))
          .filter((line) => line !== undefined);
        const file = parseMetricFile(utf8(lines.map((line) => `${line}\n`).join("")), kind);
        assert.deepEqual(file.points, expected);
        assert.equal(file.problemCount, lines.length - expected.length);
      }),
      { numRuns: 2000 },
    );
  });

  test("a line does not go on in the next one", () => {
    for (const text of ["1 \n0.5 3\n", "1\n0.5 3\n", "1 0.5\r\n0 2\n", "1 0.5 \n7\n"]) {
      const expected = text.split("\n").slice(0, -1);
      const points = expected
        .map((line) => parseMetricLine(line, "run"))
        .filter((line) => line !== undefined);
      const file = parseMetricFile(utf8(text), "run");
      assert.deepEqual(file.points, points, JSON.stringify(text));
      assert.equal(file.problemCount, expected.length - points.length);
    }
  });

  test("chunks of any size give the same as the whole", () => {
    const lines = fc.array(
      fc.oneof(
        point.map(serializePoint),
        oddLine.map((line) => `${line}\n`),
        oddLine,
      ),
    );
    fc.assert(
      fc.property(lines, fc.array(fc.nat()), (texts, cuts) => {
        const bytes = utf8(texts.join(""));
        const parser = new MetricLineParser("run");
        const points = splitAt(bytes, cuts).flatMap((chunk) => {
          const found = parser.push(chunk);
          chunk.fill(0);
          return found;
        });
        assert.deepEqual({ points, ...parser.end() }, parseMetricFile(bytes, "run"));
      }),
    );
  });

  test("fields: 2, 3 or 5, the true step of five, single blanks only", () => {
    const read = (line: string): MetricLine | undefined => parseMetricLine(line, "run");
    assert.deepEqual(read("5 0.25"), { timestamp: 5, value: 0.25, step: 0 });
    assert.deepEqual(read("5 1 -3"), { timestamp: 5, value: 1, step: -3 });
    assert.deepEqual(read("5 0.25 10 train ab"), {
      timestamp: 5,
      value: 0.25,
      step: 10,
      dataset: { name: "train", digest: "ab" },
    });
    for (const line of [
      "",
      "5",
      "5  1 2",
      " 5 1 2",
      "5 1 2 ",
      "5 1 2 x",
      "5 1 2 my data ab",
      "5.0 1 2",
      "5 one 2",
      "5 1 2.0",
    ]) {
      assert.equal(read(line), undefined, JSON.stringify(line));
    }
    assert.equal(read("9223372036854775808 1 2"), undefined);
    assert.equal(parseMetricLine("5 1 2", "model"), undefined);
  });

  test("problems are named with offset and line, and hide no other line", () => {
    const file = parseMetricFile(utf8("1 1.0 0\n\n2 x 1\r\n3 3.0 2\r\né 1\n4 4.0 3"), "run");
    assert.deepEqual(
      file.points.map((p) => p.timestamp),
      [1, 3],
    );
    assert.deepEqual(file.problems, [
      { offset: 8, line: 2, reason: "line is blank" },
      { offset: 9, line: 3, reason: "value is no number" },
      { offset: 25, line: 5, reason: "timestamp is no integer" },
    ]);
    assert.deepEqual(file.torn, { offset: 30 });
    assert.equal(file.crlf, true);
    assert.equal(file.completeBytes, 30);
  });

  test("an unterminated last line is torn, even if it reads like a point", () => {
    const file = parseMetricFile(utf8("1748764900000 0.5 1\n1748764900000 0.12"), "run");
    assert.equal(file.points.length, 1);
    assert.deepEqual(file.torn, { offset: 20 });
  });

  test("a line of any length costs bounded memory and no other line", () => {
    const parser = new MetricLineParser("run");
    assert.deepEqual(parser.push(utf8("1 1.0 0\n2 ")), [{ timestamp: 1, value: 1, step: 0 }]);
    for (let i = 0; i < 40; i++) assert.deepEqual(parser.push(new Uint8Array(10_000).fill(0x39)), []);
    assert.deepEqual(parser.push(utf8("\n3 3.0 0\n")), [{ timestamp: 3, value: 3, step: 0 }]);
    const end = parser.end();
    assert.deepEqual(end.problems, [{ offset: 8, line: 2, reason: "line is too long" }]);
    assert.equal(end.completeBytes, 8 + 2 + 400_000 + 1 + 8);
  });

  test("problems beyond the limit are counted only", () => {
    const file = parseMetricFile(utf8("x\n".repeat(MAX_METRIC_PROBLEMS + 5)), "run");
    assert.equal(file.problems.length, MAX_METRIC_PROBLEMS);
    assert.equal(file.problemCount, MAX_METRIC_PROBLEMS + 5);
  });

  test("invalid UTF-8 is a problem of its line alone", () => {
    const file = parseMetricFile(
      new Uint8Array([...utf8("1 1 0 a b\n1 1 0 "), 0xff, ...utf8(" b\n2 2 0\n")]),
      "run",
    );
    assert.equal(file.points.length, 2);
    assert.deepEqual(file.problems, [{ offset: 10, line: 2, reason: "line is not valid UTF-8" }]);
  });

  test("what would break a line is refused", () => {
    const refused = (write: () => unknown) =>
      assert.throws(write, (e) => isRunstoneError(e, "INVALID_PARAMETER_VALUE"));
    refused(() => serializePoint({ timestamp: 1.5, value: 1, step: 0 }));
    refused(() => serializePoint({ timestamp: 1, value: 1, step: 1e21 }));
    refused(() => serializePoint({ timestamp: 2n ** 63n, value: 1, step: 0 }));
    refused(() => checkPoint({ timestamp: -1, value: 1, step: 0 }));
    refused(() => checkPoint({ timestamp: 1, value: "1" as unknown as number, step: 0 }));
    for (const name of ["my data", "a\nb", "a\u0085b", "a\u2028", ""]) {
      refused(() =>
        serializeModelPoint({ timestamp: 1, value: 1, step: 0, runId: "r", dataset: { name, digest: "d" } }),
      );
    }
  });
});

describe("latest point", () => {
  const at = (step: number, timestamp: number, value: number): Point => ({ step, timestamp, value });

  test("is the maximum of step, timestamp, value", () => {
    assert.deepEqual(latestPoint([at(2, 1, 0), at(1, 9, 9)]), at(2, 1, 0));
    assert.deepEqual(latestPoint([at(1, 5, 9), at(1, 6, 0)]), at(1, 6, 0));
    assert.deepEqual(latestPoint([at(1, 1, 3), at(1, 1, 4), at(1, 1, 2)]), at(1, 1, 4));
    assert.equal(latestPoint([]), undefined);
    assert.equal(isLater({ step: 2n ** 60n, timestamp: 0, value: 0 }, at(5, 5, 5)), true);
  });

  test("with NaN in a tie the earlier line wins", () => {
    assert.deepEqual(latestPoint([at(1, 1, Number.NaN), at(1, 1, 4)]), at(1, 1, Number.NaN));
    assert.deepEqual(latestPoint([at(1, 1, 4), at(1, 1, Number.NaN), at(1, 1, 5)]), at(1, 1, 5));
  });
});
