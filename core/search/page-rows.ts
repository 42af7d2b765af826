/** One page of rows, in order. */
import { RunstoneError } from "../../store-format/index.js";
import { parsePageToken, serializePageToken } from "./page-token.js";
import type { Rows } from "./rows.js";
import { firstRows, type RowOrdering } from "./sort-rows.js";

export interface PageRequest {
  readonly order: RowOrdering;
  /** Rows of a page; `Infinity` for all. */
  readonly maxResults: number;
  readonly pageToken: string | undefined;
}

export interface RowPage {
  /** Row numbers, in order. */
  readonly rows: readonly number[];
  /** How many rows match, on all pages. */
  readonly total: number;
  /** null on the last page. */
  readonly nextPageToken: string | null;
}

/** Throws `INVALID_PARAMETER_VALUE` for a page token that is none. */
export function pageRows(rows: Rows, { order, maxResults, pageToken }: PageRequest): RowPage {
  const start = parsePageToken(pageToken);
  const total = rows.length;
  const end = Math.min(total, start + maxResults);
  const page = start >= end ? new Uint32Array() : firstRows(rows, end, order).subarray(start);
  return { rows: Array.from(page), total, nextPageToken: end < total ? serializePageToken(end) : null };
}

export interface PageLimits {
  /** Used when `maxResults` is undefined. */
  readonly otherwise: number;
  readonly most: number;
}

/** Throws `INVALID_PARAMETER_VALUE` for what is no whole number from 1 to `most`. */
export function checkMaxResults(maxResults: number | undefined, { otherwise, most }: PageLimits): number {
  if (maxResults === undefined) return otherwise;
  const whole = Number.isInteger(maxResults) || maxResults === Number.POSITIVE_INFINITY;
  if (whole && maxResults >= 1 && maxResults <= most) return maxResults;
  const range = most === Number.POSITIVE_INFINITY ? "of 1 or more" : `from 1 to ${most}`;
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `maxResults must be a whole number ${range}, not ${maxResults}`,
  );
}
