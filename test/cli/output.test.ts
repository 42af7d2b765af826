/** The pieces that turn values into text: tables, widths, numbers, times, JSON, sparklines, escapes. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { serializeJson, serializePrettyJson } from "../../cli/output/json.js";
import { formatBytes, formatNumber } from "../../cli/output/number.js";
import { sparkline } from "../../cli/output/sparkline.js";
import { chooseStyle } from "../../cli/output/style.js";
import { renderTable } from "../../cli/output/table.js";
import { formatAge, formatDuration, formatMoment } from "../../cli/output/time.js";
import { visible, visibleText } from "../../cli/output/visible.js";
import { displayWidth, truncateMiddle } from "../../cli/output/width.js";
import { prefixLength } from "../../cli/runs/id-prefix.js";
import fc from "../helpers/fast-check.js";

describe("width", () => {
  test("wide, combining and emoji characters", () => {
    assert.equal(displayWidth("abc"), 3);
    assert.equal(displayWidth("日本"), 4);
    assert.equal(displayWidth("e\u0301"), 1);
    assert.equal(displayWidth("👩‍👩‍👧"), 2);
    assert.equal(displayWidth("ﾊ한"), 3);
  });

  test("a text cut in the middle keeps both ends and never takes more than asked", () => {
    assert.equal(truncateMiddle("abcdefghij", 5), "ab…ij");
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.nat(30), (text, width) => {
        assert.ok(displayWidth(truncateMiddle(visible(text), width)) <= width);
      }),
    );
  });
});

describe("table", () => {
  const columns = [
    { title: "ID" },
    { title: "NAME", shrinkTo: 4 },
    { title: "LOSS", align: "right", dropOrder: 1 },
    { title: "LR", align: "right", dropOrder: 2 },
  ] as const;
  const rows = [
    ["1", "swift-otter", "0.5", "1e-4"],
    ["2", "日本語の名前", "12.25", ""],
  ];

  test("columns are as wide as their cells, wide characters counted", () => {
    assert.deepEqual(renderTable(columns, rows), [
      "ID  NAME           LOSS    LR",
      "1   swift-otter     0.5  1e-4",
      "2   日本語の名前  12.25",
    ]);
  });

  test("a narrow terminal first shortens names, then loses the least useful column", () => {
    assert.deepEqual(renderTable(columns, rows, { width: 24 }), [
      "ID  NAME      LOSS    LR",
      "1   swi…ter    0.5  1e-4",
      "2   日本…前  12.25",
    ]);
    assert.deepEqual(renderTable(columns, rows, { width: 20 }), [
      "ID  NAME        LOSS",
      "1   swif…tter    0.5",
      "2   日本…名前  12.25",
    ]);
  });

  test("no number is cut, whatever the width, and no two heads look alike", () => {
    const metric = (title: string, dropOrder: number) =>
      ({ title, align: "right", shrinkTo: 6, dropOrder }) as const;
    const wide = [
      { title: "NAME", shrinkTo: 8 },
      metric("mean_absolute_error", 1),
      metric("mean_squared_error", 2),
      metric("share", 3),
    ];
    const cells = [
      ["languid-wombat", "0.05008", "1.234e-05", "0.75 \u00b1 0.19 (2/3)"],
      ["swift-otter", "nan", "-0.002149", "-"],
    ];
    for (let width = 8; width < 80; width += 1) {
      const [head, ...lines] = renderTable(wide, cells, { width });
      for (const line of lines)
        for (const cell of line.split(/ {2,}/).slice(1))
          assert.ok(cells.flat().includes(cell), `${width}: ${line}`);
      const titles = head!.split(/ {2,}/);
      assert.equal(new Set(titles).size, titles.length, head);
    }
    assert.deepEqual(renderTable(wide, cells, { width: 34 }), [
      "NAME        \u2026abso\u2026rror  \u2026squa\u2026rror",
      "langu\u2026mbat     0.05008   1.234e-05",
      "swift\u2026tter         nan   -0.002149",
    ]);
  });

  test("no line is wider than the terminal when every column may go", () => {
    const cell = fc.string({ unit: "grapheme", maxLength: 20 }).map(visible);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell, cell, cell)),
        fc.integer({ min: 30, max: 90 }),
        (cells, width) => {
          const droppable = columns.map((column, index) => ({ ...column, shrinkTo: 2, dropOrder: index }));
          for (const line of renderTable(droppable, cells, { width })) assert.ok(displayWidth(line) <= width);
        },
      ),
    );
  });
});

test("JSON keeps 64-bit integers, writes NaN and infinities as strings, and is otherwise JSON.stringify", () => {
  const value = {
    big: 2n ** 63n - 1n,
    nan: Number.NaN,
    low: Number.NEGATIVE_INFINITY,
    none: undefined,
    list: [1, null],
  };
  assert.equal(
    serializeJson(value),
    '{"big":9223372036854775807,"nan":"NaN","low":"-Infinity","list":[1,null]}',
  );
  // `JSON.stringify` has no -0.
  const values = fc.jsonValue().map((json) => JSON.parse(JSON.stringify(json)));
  fc.assert(
    fc.property(values, (json) => {
      assert.deepEqual(JSON.parse(serializeJson(json)), json);
      assert.equal(JSON.stringify(JSON.parse(serializePrettyJson(json))), JSON.stringify(json));
    }),
  );
});

test("no text of a user reaches the terminal with control characters", () => {
  assert.equal(visible("a\u001b[2Jb\nc\u202ed\u009b1m"), "a\\x1b[2Jb\\nc\\u202ed\\x9b1m");
  assert.equal(visibleText("a\n\tb\r"), "a\n\tb\\r");
  const control = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.doesNotMatch(visible(text), control);
      assert.doesNotMatch(serializeJson({ [text]: text }), control);
    }),
  );
});

test("numbers, sizes, times", () => {
  assert.deepEqual([0.18324, 12345, 1e-4, 1.5e12, 123456.789, -0.5, Number.NaN].map(formatNumber), [
    "0.1832",
    "12345",
    "1e-4",
    "1.5e12",
    "123457",
    "-0.5",
    "nan",
  ]);
  assert.deepEqual([0, 1023, 1536, 5 * 2 ** 30].map(formatBytes), ["0 B", "1023 B", "1.5 KiB", "5.0 GiB"]);
  assert.deepEqual([340, 12_340, 245_000, 7_620_000, 3 * 86_400_000].map(formatDuration), [
    "340ms",
    "12.3s",
    "4m05s",
    "2h07m",
    "3d00h",
  ]);
  assert.deepEqual(
    [null, 0, 86_399_000, 86_400_001].map((then) => formatAge(then, 86_400_000)),
    ["-", "1d", "1s", "now"],
  );
  assert.equal(formatMoment(0), "1970-01-01 00:00:00Z");
  assert.equal(formatMoment(2n ** 62n), String(2n ** 62n));
});

test("a sparkline shows the shape, gaps and nothing for huge ranges to trip over", () => {
  assert.equal(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8), "▁▂▃▄▅▆▇█");
  assert.equal(sparkline([1, Number.NaN, 1], 8), "▄·▄");
  assert.equal(sparkline([-Number.MAX_VALUE, Number.MAX_VALUE], 8), "▁█");
  fc.assert(
    fc.property(fc.array(fc.double()), fc.integer({ min: 1, max: 40 }), (values, width) => {
      assert.equal([...sparkline(values, width)].length, Math.min(values.length, width));
    }),
  );
});

test("colour: the option goes first, then FORCE_COLOR, NO_COLOR, the terminal", () => {
  const painted = (refused: boolean, isTerminal: boolean, env: Record<string, string>) =>
    chooseStyle({ refused, isTerminal, env }).red("x") !== "x";
  assert.equal(painted(false, true, {}), true);
  assert.equal(painted(false, false, {}), false);
  assert.equal(painted(false, true, { NO_COLOR: "1" }), false);
  assert.equal(painted(false, true, { NO_COLOR: "" }), true);
  assert.equal(painted(false, false, { FORCE_COLOR: "1", NO_COLOR: "1" }), true);
  assert.equal(painted(true, true, { FORCE_COLOR: "1" }), false);
});

test("id prefixes are as long as it takes to tell the runs apart", () => {
  assert.equal(prefixLength(["aaaaaaaa1", "bbbbbbbbb"]), 7);
  assert.equal(prefixLength(["aaaaaaaa1", "bbbbbbbbb", "aaaaaaaa2"]), 9);
});
