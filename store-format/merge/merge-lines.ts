/** Merging files of lines that are only ever appended to: metric files, `links.jsonl`, `.gitignore` of a run. */
import { type MetricFileKind, type MetricLine, parseMetricLine } from "../metric-lines.js";
import { parseLink, serializeLink } from "../point-link.js";
import { serializePythonFloat } from "../python-float.js";
import { decodeUtf8, decodeUtf8Lossy, encodeUtf8 } from "../text.js";

/** What a line says, however it is spelled; undefined for a line that is none of its kind. */
export type LineIdentity = (line: string) => string | undefined;

/**
 * Ours as it is, then the lines of theirs that ours lacks, in their order: a line that ours has twice and theirs three
 * times is there three times. What the base had does not count, as in a sync: nothing is removed by a merge. Lines of theirs
 * that are none, a last one without its LF among them, are left behind.
 */
export function mergeLines(ours: Uint8Array, theirs: Uint8Array, identityOf: LineIdentity): Uint8Array {
  const missing = missingLines(linesOf(ours), linesOf(theirs), identityOf);
  if (missing.length === 0) return ours;
  const kept = ours.subarray(0, ours.lastIndexOf(10) + 1);
  const added = encodeUtf8(`${missing.join("\n")}\n`);
  const merged = new Uint8Array(kept.length + added.length);
  merged.set(kept);
  merged.set(added, kept.length);
  return merged;
}

/** Complete lines without their ends. */
function linesOf(bytes: Uint8Array): string[] {
  const complete = bytes.subarray(0, bytes.lastIndexOf(10) + 1);
  const text = decodeUtf8(complete) ?? decodeUtf8Lossy(complete);
  const lines = text.split("\n");
  lines.pop();
  return lines.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
}

/** By their characters first, which nearly all lines are told by; what is left over by what it says. */
function missingLines(
  ours: readonly string[],
  theirs: readonly string[],
  identityOf: LineIdentity,
): string[] {
  const left = new Counts(ours);
  const unlike = theirs.filter((line) => !left.take(line));
  if (unlike.length === 0) return [];
  const said = new Counts([...left.remaining()].flatMap((line) => identityOf(line) ?? []));
  return unlike.filter((line) => {
    const identity = line.includes("\ufffd") ? undefined : identityOf(line);
    return identity !== undefined && !said.take(identity);
  });
}

class Counts {
  readonly #counts = new Map<string, number>();

  constructor(texts: readonly string[]) {
    for (const text of texts) this.#counts.set(text, (this.#counts.get(text) ?? 0) + 1);
  }

  take(text: string): boolean {
    const count = this.#counts.get(text) ?? 0;
    if (count > 0) this.#counts.set(text, count - 1);
    return count > 0;
  }

  *remaining(): Generator<string> {
    for (const [text, count] of this.#counts) for (let i = 0; i < count; i += 1) yield text;
  }
}

/** A point with all of its fields. */
export function pointIdentity(kind: MetricFileKind): LineIdentity {
  return (line) => {
    const point = parseMetricLine(line, kind);
    return point === undefined ? undefined : identityOfPoint(point);
  };
}

function identityOfPoint({ timestamp, value, step, runId, dataset }: MetricLine): string {
  const fields = [`${timestamp}`, serializePythonFloat(value), `${step}`, runId ?? ""];
  return (dataset === undefined ? fields : [...fields, dataset.name, dataset.digest]).join(" ");
}

export function linkIdentity(line: string): string | undefined {
  const link = parseLink(line);
  return link === undefined ? undefined : serializeLink(link);
}

export function ignoreIdentity(line: string): string | undefined {
  return line === "" ? undefined : line;
}
