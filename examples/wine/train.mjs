/** Softmax regression on the Wine data, logged with the library. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { setExperiment, withRun } from "runstone";

const { values } = parseArgs({
  options: {
    lr: { type: "string", default: "0.1" },
    epochs: { type: "string", default: "20" },
    seed: { type: "string", default: "7" },
  },
});
const settings = { lr: Number(values.lr), epochs: Number(values.epochs), seed: Number(values.seed) };

const rows = readFileSync(new URL("wine.csv", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .slice(1);
const data = shuffled(
  rows.map((row) => row.split(",").map(Number)),
  settings.seed,
);
const cut = Math.floor(data.length * 0.75);
const train = standardized(data.slice(0, cut), data.slice(0, cut));
const test = standardized(data.slice(cut), data.slice(0, cut));

await setExperiment("wine");
await withRun({ runName: `wine-${values.lr}`, params: { model: "softmax", ...settings } }, (run) => {
  run.logInput({ name: "wine", digest: "uci109", source: "examples/wine/wine.csv" }, { context: "training" });
  const weights = Array.from({ length: 3 }, () => new Array(14).fill(0));
  const curve = [];
  for (let step = 0; step < settings.epochs; step += 1) {
    for (const sample of train) update(weights, sample, settings.lr / 100);
    const [trainScore, testScore] = [evaluate(weights, train), evaluate(weights, test)];
    run.logMetrics(
      {
        "train/loss": trainScore.loss,
        "train/acc": trainScore.acc,
        "test/loss": testScore.loss,
        "test/acc": testScore.acc,
      },
      { step },
    );
    curve.push({ step, ...testScore });
  }
  run.logTable(curve, "tables/test.json");
  run.logDict(weights, "model/weights.json");
  run.logFigure(sparkline(curve.map((point) => point.loss)), "figures/test-loss.svg");
});

function shuffled(list, seed) {
  let state = seed >>> 0;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return list
    .map((item) => [random(), item])
    .sort((a, b) => a[0] - b[0])
    .map(([, item]) => item);
}

function standardized(samples, reference) {
  const columns = reference[0].slice(0, -1).map((_, i) => reference.map((row) => row[i]));
  const means = columns.map((c) => c.reduce((a, b) => a + b) / c.length);
  const deviations = columns.map((c, i) =>
    Math.sqrt(c.reduce((a, b) => a + (b - means[i]) ** 2, 0) / c.length),
  );
  return samples.map((row) => ({
    x: row.slice(0, -1).map((v, i) => (v - means[i]) / deviations[i]),
    y: row.at(-1),
  }));
}

function probabilities(weights, x) {
  const scores = weights.map((w) => x.reduce((sum, v, i) => sum + v * w[i], w.at(-1)));
  const top = Math.max(...scores);
  const exponents = scores.map((score) => Math.exp(score - top));
  const total = exponents.reduce((a, b) => a + b);
  return exponents.map((e) => e / total);
}

function update(weights, { x, y }, rate) {
  const p = probabilities(weights, x);
  weights.forEach((w, k) => {
    const error = p[k] - (k === y ? 1 : 0);
    x.forEach((v, i) => {
      w[i] -= rate * error * v;
    });
    w[13] -= rate * error;
  });
}

function evaluate(weights, samples) {
  let loss = 0;
  let hits = 0;
  for (const { x, y } of samples) {
    const p = probabilities(weights, x);
    loss -= Math.log(Math.max(p[y], 1e-12));
    hits += p.indexOf(Math.max(...p)) === y ? 1 : 0;
  }
  return { loss: loss / samples.length, acc: hits / samples.length };
}

function sparkline(values) {
  const top = Math.max(...values);
  const points = values
    .map((v, i) => `${(i / (values.length - 1)) * 300},${100 - (v / top) * 100}`)
    .join(" ");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 100"><polyline fill="none" stroke="black" points="${points}"/></svg>`;
}
