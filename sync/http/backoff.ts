/** How long to wait before a request is tried again. */
import type { HttpSettings } from "./settings.js";

const MAX_BACKOFF_MS = 30_000;
const MAX_RETRY_AFTER_MS = 120_000;

/** Full jitter: clients that failed together do not come back together. `retry` counts from 0. */
export function backoffWait(
  { backoffMs, jitterMs }: Pick<HttpSettings, "backoffMs" | "jitterMs">,
  retry: number,
  random: () => number,
): number {
  return random() * Math.min(MAX_BACKOFF_MS, backoffMs * 2 ** retry) + random() * jitterMs;
}

/** Milliseconds that a Retry-After asks for, in seconds or as a date; null for anything else. */
export function retryAfterMs(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  const asked = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(asked) ? null : Math.min(Math.max(asked, 0), MAX_RETRY_AFTER_MS);
}
