/** What can be logged of the arguments and the result of a training function. */
import type { ParamValue } from "../../store-format/index.js";
import type { ActiveRun } from "../active-run.js";

const MAX_PARAMS = 200;
const MAX_ITEMS = 50;

/** The plain part of a value: texts, numbers, booleans and plain objects or short lists of them; the rest is left out. */
export function plainParams(value: unknown): { readonly [key: string]: ParamValue } {
  const found: Record<string, ParamValue> = Object.create(null);
  for (const [key, child] of entriesOf(value)) {
    const plain = plainValue(child, 0);
    if (plain !== undefined && Object.keys(found).length < MAX_PARAMS) found[key] = plain;
  }
  return found;
}

function entriesOf(value: unknown): [string, unknown][] {
  return isPlainObject(value) ? Object.entries(value) : [];
}

function plainValue(value: unknown, depth: number): ParamValue | undefined {
  if (value === null || ["string", "number", "boolean", "bigint"].includes(typeof value))
    return value as ParamValue;
  if (depth === 8) return undefined;
  if (Array.isArray(value)) {
    const items = value.map((item) => plainValue(item, depth + 1));
    return value.length <= MAX_ITEMS && items.every((item) => item !== undefined) ? items : undefined;
  }
  if (!isPlainObject(value)) return undefined;
  const children = Object.entries(value).map(([key, child]) => [key, plainValue(child, depth + 1)] as const);
  return Object.fromEntries(children.filter(([, child]) => child !== undefined));
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Logs the numbers of a result: a number as the metric `result`, numbers of an object under their names, lists of
 * numbers as curves (step = index); also those under `history`.
 */
export function logResult(run: ActiveRun, result: unknown): void {
  if (typeof result === "number") run.logMetric("result", result);
  for (const [key, value] of [
    ...entriesOf(result),
    ...entriesOf((result as { history?: unknown } | null)?.history),
  ]) {
    if (typeof value === "number") run.logMetric(key, value);
    else if (isNumbers(value))
      run.logPoints(value.map((point, step) => ({ key, value: point, step, timestamp: Date.now() })));
  }
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "number");
}
