/** A mean with its interval, as a paper shows it: the interval has two digits, and the mean ends where they end. */
import { formatNumber } from "../output/number.js";

/** `0.183 ± 0.012`; without an interval the mean alone. */
export function formatMean(mean: number, halfWidth: number | null): string {
  if (halfWidth === null) return formatNumber(mean);
  const decimals = 1 - Math.floor(Math.log10(halfWidth));
  const largest = Math.max(Math.abs(mean), halfWidth);
  if (halfWidth === 0 || decimals > 6 || largest >= 1e7)
    return `${formatNumber(mean)} ± ${formatNumber(halfWidth)}`;
  const places = Math.max(0, decimals);
  return `${mean.toFixed(places)} ± ${halfWidth.toFixed(places)}`;
}
