/**
 * `writers/fold.jsonl`: the lengths of metric files before the points of further writers are appended to them. Its first
 * line alone is the intent to fold: it keeps new writers out while the lengths are taken.
 */
import { RunstoneError } from "./errors.js";

export interface Fold {
  /** Per key that a slot holds: bytes of `metrics/<key>` before folding; 0 when it was absent. */
  readonly metrics: readonly { readonly key: string; readonly length: number }[];
  /** The same for `links.jsonl`. */
  readonly links: number;
}

/** The plan of a fold; null: only the intent. */
export function serializeFold(fold: Fold | null): string {
  const plan = fold === null ? [] : [...fold.metrics, { links: fold.links }];
  const lines: object[] = [{ runstone_fold: 1 }, ...plan];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** The plan, or null for the bare intent. Throws DAMAGED for anything that {@link serializeFold} did not write. */
export function parseFold(bytes: Uint8Array): Fold | null {
  const lines = new TextDecoder().decode(bytes).split("\n");
  const values = lines.slice(0, -1).map(parseLine);
  const [head, ...rest] = values;
  if (lines.at(-1) !== "" || head?.runstone_fold !== 1) throw damaged();
  const last = rest.pop();
  if (last === undefined) return null;
  if (!isLength(last.links)) throw damaged();
  const links = last.links;
  const metrics = rest.map(({ key, length }) => {
    if (typeof key !== "string" || !isLength(length)) throw damaged();
    return { key, length };
  });
  return { metrics, links };
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function parseLine(line: string): Record<string, unknown> & { links?: unknown } {
  try {
    const found: unknown = JSON.parse(line);
    if (typeof found === "object" && found !== null) return found as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw damaged();
}

function damaged(): RunstoneError {
  return new RunstoneError("DAMAGED", "fold.jsonl is not what a fold writes", {
    hint: "Run `runstone fsck`; the points are still in writers/.",
  });
}
