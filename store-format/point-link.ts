/**
 * `links.jsonl`: the dataset and the logged model of points. Run metric files keep three fields (older MLflow fails on
 * five), so the link stands beside: one JSON object a line, repeating the point it belongs to.
 */
import type { DatasetRef, Integer, Metric } from "./entities.js";

/** A point with its links; `dataset`, `modelId` or both are set. */
export type PointLink = Metric;

/** One line, with LF. Integers of any size are written as JSON integers; NaN and infinities as strings. */
export function serializeLink(point: PointLink): string {
  const fields = [
    `"key":${JSON.stringify(point.key)}`,
    `"timestamp":${point.timestamp}`,
    `"value":${serializeValue(point.value)}`,
    `"step":${point.step}`,
  ];
  if (point.dataset !== undefined)
    fields.push(`"dataset":${JSON.stringify({ name: point.dataset.name, digest: point.dataset.digest })}`);
  if (point.modelId !== undefined) fields.push(`"model_id":${JSON.stringify(point.modelId)}`);
  return `{${fields.join(",")}}\n`;
}

function serializeValue(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? "-0.0" : JSON.stringify(value);
  return JSON.stringify(String(value));
}

/** One line without its LF; undefined when it is no link line. */
export function parseLink(line: string): PointLink | undefined {
  const found = parseObject(line);
  if (found === undefined) return undefined;
  const { key, model_id: modelId } = found;
  const value = parseValue(found.value);
  const timestamp = integerIn(line, "timestamp", found.timestamp);
  const step = integerIn(line, "step", found.step);
  const dataset = parseDataset(found.dataset);
  if (typeof key !== "string" || value === undefined || timestamp === undefined || step === undefined)
    return undefined;
  return {
    key,
    timestamp,
    value,
    step,
    ...(dataset === undefined ? {} : { dataset }),
    ...(typeof modelId === "string" ? { modelId } : {}),
  };
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const found: unknown = JSON.parse(line);
    return typeof found === "object" && found !== null ? (found as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function parseValue(found: unknown): number | undefined {
  if (typeof found === "number") return found;
  if (found === "NaN") return Number.NaN;
  if (found === "Infinity") return Number.POSITIVE_INFINITY;
  return found === "-Infinity" ? Number.NEGATIVE_INFINITY : undefined;
}

/** JSON.parse rounds integers past 2^53: those are read again from the text. The key's own text precedes neither field. */
function integerIn(line: string, field: "timestamp" | "step", found: unknown): Integer | undefined {
  if (typeof found !== "number" || !Number.isInteger(found)) return undefined;
  if (Number.isSafeInteger(found)) return found;
  const digits = new RegExp(`[,{]"${field}":(-?[0-9]+)[,}]`).exec(line)?.[1];
  return digits === undefined ? undefined : BigInt(digits);
}

function parseDataset(found: unknown): DatasetRef | undefined {
  if (typeof found !== "object" || found === null) return undefined;
  const { name, digest } = found as Record<string, unknown>;
  return typeof name === "string" && typeof digest === "string" ? { name, digest } : undefined;
}
