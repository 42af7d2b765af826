/** A mean with its interval, as a paper shows it: the interval has two digits, and the mean ends where they end. */
import { formatNumber } from "../output/number.js";

/** `0.183 ± 0.012`, `170000 ± 380000`; without an interval the mean alone. */
export function formatMean(mean: number, halfWidth: number | null): string {
  if (halfWidth === null) return formatNumber(mean);
  const interval = Number(halfWidth.toPrecision(2));
  if (interval === 0 || !Number.isFinite(interval))
    return `${formatNumber(mean)} ± ${formatNumber(interval)}`;
  const decimals = 1 - exponentOf(interval);
  const largest = Math.max(Math.abs(mean), interval);
  if (decimals > 6 || largest >= 1e7)
    return `${withExponent(mean, decimals)} ± ${shortInterval(interval, decimals)}`;
  if (decimals >= 0) return `${mean.toFixed(decimals)} ± ${interval.toFixed(decimals)}`;
  const place = 10 ** -decimals;
  return `${Math.round(mean / place) * place} ± ${interval}`;
}

function shortInterval(interval: number, decimals: number): string {
  return interval < 1e-3 || interval >= 1e7 ? withExponent(interval, decimals) : formatNumber(interval);
}

function exponentOf(value: number): number {
  return Number(value.toExponential().split("e")[1]);
}

function withExponent(mean: number, decimals: number): string {
  const digits = mean === 0 ? -1 : exponentOf(mean) + decimals;
  return digits < 0 ? "0" : mean.toExponential(Math.min(digits, 16)).replace("e+", "e");
}
