/** Axes of charts: what they span, and where they are labelled. */
import { formatNumber } from "../output/number.js";

export interface Tick {
  /** In the units of the axis. */
  readonly at: number;
  readonly text: string;
}

/** `low` and `high` are in the units of the axis: the logarithm to base 10 on a logarithmic one. `low < high`. */
export interface Axis {
  readonly title: string;
  readonly scale: "linear" | "log";
  readonly kind: AxisKind;
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly Tick[];
}

/** What the numbers of an axis are: they decide the labels. */
export type AxisKind = "value" | "step" | "time" | "seconds";

export interface AxisSpec {
  readonly title: string;
  readonly scale: "linear" | "log";
  readonly kind: AxisKind;
  /** About how many labels there is room for. */
  readonly labels: number;
}

/** The axis over values that lie between `low` and `high` (in its units); both infinite when there is nothing to show. */
export function axisOver(low: number, high: number, spec: AxisSpec): Axis {
  const [from, to] = widened(low, high, spec);
  const { title, scale, kind } = spec;
  return { title, scale, kind, low: from, high: to, ticks: ticksOf(from, to, spec) };
}

function widened(low: number, high: number, { scale, kind }: AxisSpec): readonly [number, number] {
  if (low > high) return [0, 1];
  if (low < high) return [low, high];
  const least = Math.abs(low) / 10;
  // Half a step beside a huge step is that step again.
  const margin = scale === "log" ? 0.5 : kind === "value" ? least || 1 : Math.max(0.5, least * 1e-9);
  return [Math.max(-Number.MAX_VALUE, low - margin), Math.min(Number.MAX_VALUE, high + margin)];
}

/** Where a value lies between the ends of an axis: 0 at `low`, 1 at `high`. */
export function shareOf({ low, high }: Axis, value: number): number {
  if (Number.isFinite(high - low)) return (value - low) / (high - low);
  // Halved first: the range of two huge values of opposite sign is itself infinite.
  return (value / 2 - low / 2) / (high / 2 - low / 2);
}

function ticksOf(low: number, high: number, spec: AxisSpec): readonly Tick[] {
  if (!Number.isFinite(high - low)) return [low, high].map((at) => ({ at, text: formatNumber(at) }));
  if (spec.scale === "log") return logTicks(low, high, spec);
  if (spec.kind === "time") return timeTicks(low, high, spec.labels);
  if (spec.kind === "seconds") return durationTicks(low, high, spec.labels);
  return numberTicks(low, high, spec);
}

/** Multiples of 1, 2 or 5 times a power of ten. */
function numberTicks(low: number, high: number, { labels, kind }: AxisSpec): readonly Tick[] {
  const least = kind === "step" ? 1 : 0;
  const step = Math.max(least, niceStep((high - low) / Math.max(1, labels)));
  // Ends so close together that nothing between them can be told from them.
  if (!(step > 0) || low + step === low || high - step === high)
    return [low, high].map((at) => ({ at, text: formatNumber(at) }));
  return multiples(low, high, step).map((at) => ({ at, text: numberLabel(at, step) }));
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const digit = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * 0.8) ?? 10;
  return digit * power;
}

const MOST_TICKS = 200;

function multiples(low: number, high: number, step: number): readonly number[] {
  const found: number[] = [];
  const slack = Math.min(step, high - low) * 1e-9;
  const first = Math.ceil(low / step - 1e-9);
  for (let index = 0; index < MOST_TICKS; index += 1) {
    const at = (first + index) * step;
    if (!(at - high <= slack)) break;
    // Beside the largest numbers two multiples can round to one.
    if (low - at <= slack && at !== found.at(-1)) found.push(at === 0 ? 0 : at);
  }
  return found;
}

/** As many decimals as the distance of the labels needs. */
function numberLabel(value: number, step: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e7 || step < 1e-5)) return formatNumber(Number(value.toPrecision(12)));
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return value.toFixed(Math.min(20, decimals));
}

/** Powers of ten; where there are fewer than two, also their doubles and fivefolds; else round numbers. */
function logTicks(low: number, high: number, spec: AxisSpec): readonly Tick[] {
  const every = Math.max(1, Math.ceil((high - low) / Math.max(1, spec.labels)));
  const powers = multiples(low, high, every);
  if (powers.length >= 2) return powers.map((at) => ({ at, text: powerLabel(at) }));
  const finer = [1, 2, 5].flatMap((digit) =>
    multiples(Math.floor(low) - 1, high, 1).map((power) => Math.log10(digit) + power),
  );
  const inside = finer.filter((at) => at >= low && at <= high).sort((a, b) => a - b);
  if (inside.length >= 2) return inside.map((at) => ({ at, text: formatNumber(10 ** at) }));
  const plain = numberTicks(10 ** low, 10 ** high, spec);
  return plain.filter(({ at }) => at > 0).map(({ at, text }) => ({ at: Math.log10(at), text }));
}

function powerLabel(power: number): string {
  return power >= -4 && power <= 6 ? formatNumber(Number(`1e${power}`)) : `1e${power}`;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SPANS = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((count) => count * DAY),
];

function spanFor(rough: number): number {
  return SPANS.find((span) => span >= rough) ?? niceStep(rough / DAY) * DAY;
}

/** Moments in UTC; the day stands where it begins or changes. */
function timeTicks(low: number, high: number, labels: number): readonly Tick[] {
  if (high - low < SECOND) return [{ at: low, text: momentText(low, "", SECOND) }];
  const span = spanFor((high - low) / Math.max(1, labels));
  let day = "";
  return multiples(low, high, span).map((at) => {
    const text = momentText(at, day, span);
    day = dayOf(at);
    return { at, text };
  });
}

function momentText(time: number, dayBefore: string, span: number): string {
  const day = dayOf(time);
  if (span >= DAY) return day;
  const clock = isoOf(time).slice(11, span >= MINUTE ? 16 : 19);
  return day === dayBefore ? clock : `${day.slice(5)} ${clock}`;
}

function dayOf(time: number): string {
  return isoOf(time).slice(0, 10);
}

function isoOf(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString();
}

function durationTicks(low: number, high: number, labels: number): readonly Tick[] {
  const rough = ((high - low) / Math.max(1, labels)) * 1000;
  if (rough < SECOND || rough > 1e6 * DAY)
    return numberTicks(low, high, { title: "", scale: "linear", kind: "value", labels }).map(
      ({ at, text }) => ({ at, text: `${text}s` }),
    );
  return multiples(low, high, spanFor(rough) / 1000).map((at) => ({ at, text: durationLabel(at) }));
}

/** `90` as `1m30s`, `7200` as `2h`. */
function durationLabel(seconds: number): string {
  const sign = seconds < 0 ? "-" : "";
  let rest = Math.round(Math.abs(seconds));
  const parts: string[] = [];
  for (const [size, name] of [
    [86400, "d"],
    [3600, "h"],
    [60, "m"],
    [1, "s"],
  ] as const) {
    if (rest >= size) parts.push(`${Math.floor(rest / size)}${name}`);
    rest %= size;
  }
  return parts.length === 0 ? "0s" : sign + parts.join("");
}

/** A place on the axis in the units of the data; of a logarithmic one without the last digit, which the logarithm has lost. */
export function valueOn({ scale }: Pick<Axis, "scale">, at: number): number {
  return scale === "log" ? Number((10 ** at).toPrecision(15)) : at;
}
