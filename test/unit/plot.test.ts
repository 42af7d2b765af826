import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inflateSync } from "node:zlib";
import { escapeXml } from "../../cli/output/escape-xml.js";
import { PLAIN } from "../../cli/output/style.js";
import { displayWidth } from "../../cli/output/width.js";
import { axisOver, shareOf } from "../../cli/plot/axis.js";
import { buildChart, type Chart, slotsOf } from "../../cli/plot/chart.js";
import { type CurveOptions, CurveReader } from "../../cli/plot/curve.js";
import { DotCanvas, type Glyphs } from "../../cli/plot/dot-canvas.js";
import { layOutChart, pixelX, pixelY } from "../../cli/plot/layout.js";
import { pngChart } from "../../cli/plot/png-chart.js";
import { svgChart } from "../../cli/plot/svg-chart.js";
import { drawn, textChart } from "../../cli/plot/text-chart.js";
import type { Point } from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";

interface Series {
  readonly name?: string;
  readonly points: readonly Point[];
}

interface Options extends Partial<CurveOptions> {
  readonly logY?: boolean;
}

function chartOf(series: readonly Series[], { logY = false, ...options }: Options = {}): Chart {
  const curves = series.map(({ name = "curve", points }, index) => {
    const reader = new CurveReader({
      ...{ x: "step", logX: false, smoothing: 0, resolution: 64, start: null },
      ...options,
    });
    reader.add(points);
    return { name, identity: `${index}`, data: reader.data() };
  });
  return buildChart(curves, {
    title: "title",
    smoothing: options.smoothing ?? 0,
    x: { title: "step", kind: "step", scale: options.logX === true ? "log" : "linear", labels: 5 },
    y: { title: "value", kind: "value", scale: logY ? "log" : "linear", labels: 4 },
  });
}

function pointsOf(values: readonly number[]): readonly Point[] {
  return values.map((value, step) => ({ value, step, timestamp: 1000 * step }));
}

const LAYOUT = { width: 60, height: 12, style: PLAIN };
const finite = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: -9, max: 9 }));
const series = fc.array(fc.oneof({ weight: 9, arbitrary: finite }, { weight: 1, arbitrary: fc.double() }), {
  minLength: 1,
  maxLength: 400,
});

describe("sampling hides nothing", () => {
  for (const glyphs of ["braille", "block", "ascii"] as const satisfies readonly Glyphs[])
    test(`the least and greatest point of each bucket are dots (${glyphs})`, () => {
      fc.assert(
        fc.property(series, (values) => {
          const points = pointsOf(values);
          const chart = chartOf([{ points }]);
          const canvas = drawn(chart, 40, { ...LAYOUT, glyphs });
          const reader = new CurveReader({
            ...{ x: "step", logX: false, smoothing: 0, resolution: 64, start: null },
          });
          reader.add(points);
          for (const { min, max } of reader.data().buckets)
            for (const vertex of [min, max]) {
              if (vertex === null) continue;
              const dot = canvas.dotAt(shareOf(chart.x, vertex.x), shareOf(chart.y, vertex.y));
              assert.ok(canvas.isSet(...dot), `${vertex.x} ${vertex.y}`);
            }
        }),
      );
    });

  test("the same points are corners of the lines of the SVG, and odd values are marks", () => {
    fc.assert(
      fc.property(series, (values) => {
        const size = { width: 400, height: 300 };
        const chart = chartOf([{ points: pointsOf(values) }]);
        const svg = svgChart(chart, size);
        const layout = layOutChart(chart, size);
        const corners = new Set(
          [...svg.matchAll(/points="([^"]*)"/g)].flatMap(([, points]) => points!.split(" ")),
        );
        const round = (value: number) => Math.round(value * 100) / 100;
        for (const value of values.filter(Number.isFinite)) {
          const extreme = value === Math.min(...values.filter(Number.isFinite));
          if (!extreme) continue;
          const places = values.flatMap((each, x) =>
            each === value
              ? [`${round(pixelX(chart, layout, x))},${round(pixelY(chart, layout, each))}`]
              : [],
          );
          assert.ok(
            places.some((place) => corners.has(place)),
            `${places}`,
          );
        }
        const odd = values.some((value) => !Number.isFinite(value));
        assert.equal(/<title>curve: /.test(svg), odd);
      }),
    );
  });

  test("one spike of a hundred thousand points reaches the top row", () => {
    const values = Array.from({ length: 100_000 }, (_, step) => (step === 77_777 ? 1 : 0));
    const chart = chartOf([{ points: pointsOf(values) }]);
    const canvas = drawn(chart, 40, { ...LAYOUT, glyphs: "braille" });
    const [x, y] = canvas.dotAt(shareOf(chart.x, 77_777), 1);
    assert.equal(y, 0);
    assert.ok(canvas.isSet(x, y));
  });
});

describe("a chart in the terminal", () => {
  test("fits the width, whatever the names and values are", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: "binary", maxLength: 40 }), series), {
          minLength: 1,
          maxLength: 9,
        }),
        fc.constantFrom<Glyphs>("braille", "block", "ascii"),
        fc.integer({ min: 40, max: 120 }),
        fc.boolean(),
        (curves, glyphs, width, logY) => {
          const chart = chartOf(
            curves.map(([name, values]) => ({ name, points: pointsOf(values) })),
            { logY },
          );
          for (const line of textChart(chart, { width, height: 8, glyphs, style: PLAIN })) {
            assert.ok(displayWidth(line) <= width, `${displayWidth(line)} > ${width}: ${line}`);
            assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f]/);
          }
        },
      ),
    );
  });

  test("marks NaN, the infinities and what a logarithmic axis cannot show", () => {
    const points = pointsOf([1, Number.NaN, 10, Number.POSITIVE_INFINITY, 100, Number.NEGATIVE_INFINITY, 0]);
    const layout = { ...LAYOUT, width: 80, glyphs: "ascii" as const };
    const page = textChart(chartOf([{ points }], { logY: true }), layout).join("\n");
    assert.match(page, /\+.*N.*\^.*v.*0/);
    assert.match(page, /1 NaN {2}1 inf {2}1 -inf {2}0 or below only marked/);
    assert.match(page, /on the x axis: N NaN, \^ inf, v -inf, 0 0 or below/);
    assert.match(page, /logarithmic y axis/);
  });

  test("a line is not led across values that cannot be drawn", () => {
    const chart = chartOf([{ points: pointsOf([1, 2, Number.NaN, 4, 5]) }]);
    assert.deepEqual(
      chart.curves[0]!.lines.map((line) => line.map(({ x }) => x)),
      [
        [0, 1],
        [3, 4],
      ],
    );
  });

  test("in ASCII each curve has its letter, and where two meet there is a star", () => {
    const chart = chartOf([{ points: pointsOf([0, 1, 2]) }, { points: pointsOf([2, 1, 0]) }]);
    const page = textChart(chart, { ...LAYOUT, glyphs: "ascii" });
    assert.match(page.join("\n"), /a/);
    assert.match(page.join("\n"), /\*/);
    assert.match(page[1]!, /b.*a a$/);
  });
});

describe("smoothing", () => {
  test("keeps the points, and averages them in the order of x", () => {
    const chart = chartOf([{ points: pointsOf([0, 1, 0, 1]) }], { smoothing: 0.5 });
    const [curve] = chart.curves;
    assert.deepEqual(
      curve!.raw.flat().map(({ y }) => y),
      [0, 1, 0, 1],
    );
    const smooth = curve!.lines.flat().map(({ y }) => y);
    for (const [index, wanted] of [0, 2 / 3, 2 / 7, 2 / 3].entries())
      assert.ok(Math.abs(smooth[index]! - wanted) < 1e-12, `${smooth}`);
  });

  test("gives the same for points that come in another order", () => {
    const points = pointsOf([3, 1, 4, 1, 5, 9, 2, 6]);
    const lines = [points, points.toReversed()].map((each) =>
      chartOf([{ points: each }], { smoothing: 0.8 }).curves[0]!.lines.flat(),
    );
    for (const [index, { x, y }] of lines[0]!.entries()) {
      assert.equal(lines[1]![index]!.x, x);
      assert.ok(Math.abs(lines[1]![index]!.y - y) < 1e-12);
    }
  });
});

describe("axes", () => {
  test("labels lie between the ends, rise, and are not the same text twice", () => {
    fc.assert(
      fc.property(
        finite,
        finite,
        fc.constantFrom("value" as const, "step" as const, "seconds" as const),
        fc.integer({ min: 2, max: 12 }),
        (a, b, kind, labels) => {
          const axis = axisOver(Math.min(a, b), Math.max(a, b), {
            title: "t",
            scale: "linear",
            kind,
            labels,
          });
          assert.ok(axis.low < axis.high);
          let before = Number.NEGATIVE_INFINITY;
          for (const { at } of axis.ticks) {
            assert.ok(at > before);
            before = at;
            const share = shareOf(axis, at);
            assert.ok(share > -1e-6 && share < 1 + 1e-6, `${share}`);
          }
          assert.ok(axis.ticks.length <= 200);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("among the largest numbers no two labels are one", () => {
    const ends = [
      [1.7976931348623141e308, 1.797693134862315e308, "seconds", 12],
      [-1.797693134862315e308, -1.797693134862314e308, "step", 8],
      [-1.797693134862313e308, -1.797693134862313e308, "seconds", 2],
    ] as const;
    for (const [low, high, kind, labels] of ends) {
      const axis = axisOver(low, high, { title: "t", scale: "linear", kind, labels });
      assert.ok(axis.low < axis.high);
      assert.equal(new Set(axis.ticks.map(({ at }) => at)).size, axis.ticks.length);
    }
  });

  test("a single value has room on both sides, however large or small it is", () => {
    for (const value of [0, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 1]) {
      const axis = axisOver(value, value, { title: "", scale: "linear", kind: "value", labels: 4 });
      const share = shareOf(axis, value);
      assert.ok(share >= 0 && share <= 1, `${value} at ${share}`);
    }
  });

  test("numbers that are close together get as many digits as they need", () => {
    const { ticks } = axisOver(1000.001, 1000.003, { title: "", scale: "linear", kind: "value", labels: 4 });
    assert.deepEqual(
      ticks.map(({ text }) => text),
      ["1000.0010", "1000.0015", "1000.0020", "1000.0025", "1000.0030"],
    );
  });

  test("a logarithmic axis is labelled at powers of ten", () => {
    const { ticks } = axisOver(-4, 1, { title: "", scale: "log", kind: "value", labels: 6 });
    assert.deepEqual(
      ticks.map(({ text }) => text),
      ["1e-4", "0.001", "0.01", "0.1", "1", "10"],
    );
  });

  test("times name the day once", () => {
    const start = Date.UTC(2026, 2, 1, 23, 58, 30);
    const { ticks } = axisOver(start, start + 180_000, {
      title: "",
      scale: "linear",
      kind: "time",
      labels: 4,
    });
    assert.deepEqual(
      ticks.map(({ text }) => text),
      ["03-01 23:59", "03-02 00:00", "00:01"],
    );
  });
});

describe("pictures", () => {
  const hostile = `</text><script>alert(1)</script>"&' \u0000\u001b[31m\ud800 ]]> \uffff`;

  test("an SVG holds names as text and nothing that runs", () => {
    const chart = { ...chartOf([{ name: hostile, points: pointsOf([1, Number.NaN, 2]) }]), title: hostile };
    const svg = svgChart(chart, { width: 500, height: 300 });
    const elements = new Set([...svg.matchAll(/<\/?([a-zA-Z:]+)/g)].map(([, name]) => name));
    assert.deepEqual([...elements].sort(), ["line", "polyline", "rect", "svg", "text", "title"]);
    assert.doesNotMatch(svg, /[\u0000-\u0008\u000b-\u001f\ufffe\uffff]|on\w+=|href|\ud800/);
    assert.ok(svg.includes("&lt;script&gt;"));
  });

  test("escapeXml leaves no markup, for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const escaped = escapeXml(text);
        assert.doesNotMatch(
          escaped.replace(/&(amp|lt|gt|quot|apos);/g, ""),
          /[<>&"'\u0000-\u001f\ufffe\uffff]/,
        );
        assert.equal(Buffer.from(escaped, "utf8").toString("utf8"), escaped);
      }),
    );
  });

  test("smoothed curves show their points faintly", () => {
    const svg = svgChart(chartOf([{ points: pointsOf([1, 2, 1, 2]) }], { smoothing: 0.5 }), {
      width: 500,
      height: 300,
    });
    assert.equal(svg.match(/stroke-opacity="0.3"/g)?.length, 1);
    assert.equal(svg.match(/<polyline/g)?.length, 2);
  });

  test("a PNG has the size that was asked for and the colour of the curve in it", () => {
    const chart = chartOf([{ points: pointsOf([1, 2, 1, 2]) }]);
    const png = Buffer.from(pngChart(chart, { width: 320, height: 200 }));
    assert.equal(png.toString("latin1", 1, 4), "PNG");
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [320, 200]);
    const start = png.indexOf("IDAT") + 4;
    const pixels = inflateSync(png.subarray(start, start + png.readUInt32BE(start - 8)));
    assert.equal(pixels.length, 200 * (1 + 3 * 320));
    const colours = new Set<string>();
    for (let row = 0; row < 200; row += 1)
      for (let at = row * 961 + 1; at < (row + 1) * 961; at += 3)
        colours.add(pixels.subarray(at, at + 3).toString("hex"));
    const wanted = ["2a3870", "eb6d1b", "34a384", "6a241d", "a568ff", "785f0c", "17676d", "c70faf"];
    assert.equal(wanted.filter((colour) => colours.has(colour)).length, 1);
  });
});

test("a run keeps its colour whatever is beside it, and no two curves share a slot", () => {
  const ids = Array.from({ length: 20 }, (_, index) => `run${index}`);
  assert.equal(new Set(slotsOf(ids)).size, 20);
  assert.equal(slotsOf(["x"])[0], slotsOf(["x", "y"])[0]);
});

test("dots outside the canvas are left out", () => {
  const canvas = new DotCanvas(2, 2, "braille");
  canvas.line([-5, -5], [9, 9], 0);
  assert.equal(canvas.row(0, []).length, 2);
});
