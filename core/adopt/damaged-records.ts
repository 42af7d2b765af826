/** What of the damage in a store can be mended without a guess: stray files, conflicts, lines that are no points, aliases. */
import { basename } from "node:path";
import {
  type Damage,
  isExperimentId,
  isStrayEntry,
  type MetricFileKind,
  mergeRecordFile,
  parseMetricLine,
  type RecordFileKind,
  recordFileKind,
  splitConflict,
} from "../../store-format/index.js";
import { sha256 } from "../store/runs/seal.js";
import type { Adoption } from "./adoption.js";

/** Of two values in conflict, the one to keep. */
export type Side = "ours" | "theirs";

export interface MendOptions {
  /** Undefined: values in conflict are left alone. */
  readonly take: Side | undefined;
}

/** Conflicts first: other damage of such a file goes with them. */
export function mendDamages(adoption: Adoption, damages: readonly Damage[], options: MendOptions): void {
  for (const damage of damages)
    if (damage.kind === "merge_conflict") settleConflict(adoption, damage, options);
  for (const damage of damages) mend(adoption, damage);
}

function mend(adoption: Adoption, { kind, path }: Damage): void {
  if (kind === "stray_entry")
    adoption.moveOut(path, "a file of another tool, which MLflow takes for a metric, param or tag");
  else if (kind === "key_illegal" && isPlainName(path))
    adoption.moveOut(path, "its name is no key, and MLflow refuses the experiment's runs because of it");
  else if (kind === "metric_empty")
    adoption.moveOut(
      path,
      "a metric without a point, and MLflow refuses the experiment's runs because of it",
    );
  else if (kind === "metric_line_malformed") dropMalformedLines(adoption, path);
  else if (kind === "alias_damaged") trimAlias(adoption, path);
  else if (kind === "unknown_directory_in_root" || kind === "unknown_directory_in_experiment")
    moveForeignDirectory(adoption, path, kind);
}

/** A name that every tool shows as it is. */
function isPlainName(path: string): boolean {
  return !/[\p{C}\ufffd]/u.test(path);
}

/** Repositories and workspaces are not ours to move. */
const KEPT_IN_PLACE: ReadonlySet<string> = new Set([".git", ".hg", ".svn", ".runstone"]);

function moveForeignDirectory(adoption: Adoption, path: string, kind: Damage["kind"]): void {
  const name = basename(path);
  if (!isPlainName(name) || KEPT_IN_PLACE.has(name)) return;
  if (kind === "unknown_directory_in_root" ? isExperimentId(name) : !isStrayEntry(`${name}/x`)) return;
  adoption.moveOut(
    path,
    kind === "unknown_directory_in_root"
      ? "no experiment can have this name, and MLflow lists no experiment at all because of it"
      : "a directory of another tool, in the place of a run",
  );
}

/** MLflow finds no version by the number with white space around it. */
function trimAlias(adoption: Adoption, path: string): void {
  const text = Buffer.from(adoption.bytesOf(path)).toString("latin1").trim();
  if (!/^[1-9][0-9]{0,14}$/.test(text)) return;
  adoption.edit(path, Buffer.from(text), {
    what: `the number ${text} alone`,
    why: "white space around it keeps MLflow from finding the alias of a version",
  });
}

function metricKind(path: string): MetricFileKind | null {
  const kind = recordFileKind(path);
  if (kind === "metric-run") return "run";
  return kind === "metric-model" ? "model" : null;
}

function dropMalformedLines(adoption: Adoption, path: string): void {
  const kind = metricKind(path);
  if (kind === null || adoption.isChanged(path)) return;
  const { bytes, dropped } = onlyPoints(adoption.bytesOf(path), kind);
  if (dropped === 0) return;
  const lines = dropped === 1 ? "a line that is no point" : `${dropped} lines that are no points`;
  const why = "MLflow refuses the experiment's runs because of it";
  if (bytes.length === 0) adoption.moveOut(path, `nothing in it is a point, and ${why}`);
  else adoption.edit(path, bytes, { what: `without ${lines}`, why });
}

const LF = 10;

/** The lines that are points, each as it is but for the line end; an unterminated one is none. */
function onlyPoints(
  bytes: Uint8Array,
  kind: MetricFileKind,
): { readonly bytes: Uint8Array; readonly dropped: number } {
  const kept: Uint8Array[] = [];
  let dropped = 0;
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(LF, start);
    const end = found < 0 ? bytes.length : found;
    const line = Buffer.from(bytes.subarray(start, end)).toString("utf8").replace(/\r$/, "");
    if (found >= 0 && parseMetricLine(line, kind) !== undefined) kept.push(Buffer.from(`${line}\n`));
    else dropped += 1;
    start = end + 1;
  }
  return { bytes: Buffer.concat(kept), dropped };
}

const TEXTS: ReadonlySet<RecordFileKind> = new Set(["param", "tag", "alias", "trace"]);

function settleConflict(adoption: Adoption, { path }: Damage, { take }: MendOptions): void {
  const kind = recordFileKind(path);
  const sides = kind === null ? null : splitConflict(adoption.bytesOf(path));
  if (kind === null || sides === null) return;
  const [base, ours, theirs] = [sides.base, sides.ours, sides.theirs].map((side) =>
    side !== null && TEXTS.has(kind) ? withoutLastLineFeed(side) : side,
  ) as [Uint8Array | null, Uint8Array, Uint8Array];
  const order = take === "theirs" ? { ours: theirs, theirs: ours } : { ours, theirs };
  const merged = mergeRecordFile({ kind, path, base, ...order, sha256 });
  if (merged.conflicts.length > 0 && take === undefined)
    return adoption.leave(
      path,
      `two values: ${toldApart(merged.conflicts)}`,
      "Say which to keep: --take ours or --take theirs.",
    );
  const metric = metricKind(path);
  const bytes = metric === null ? merged.bytes : onlyPoints(merged.bytes, metric).bytes;
  const why = "conflict marks of a merge stood in it";
  if (metric !== null) adoption.edit(path, bytes, { what: "the points of both sides", why });
  else if (merged.conflicts.length === 0) adoption.edit(path, bytes, { what: "both sides, merged", why });
  else adoption.edit(path, bytes, { what: `${take}, of ${toldApart(merged.conflicts)}`, why });
}

/** Git ends each side of a conflict with one; values have none. */
function withoutLastLineFeed(bytes: Uint8Array): Uint8Array {
  return bytes[bytes.length - 1] === LF ? bytes.subarray(0, -1) : bytes;
}

function toldApart(conflicts: ReturnType<typeof mergeRecordFile>["conflicts"]): string {
  return conflicts
    .map(
      ({ field, ours, theirs }) => `${field === null ? "" : `${field} `}${shown(ours)} or ${shown(theirs)}`,
    )
    .join(", ");
}

function shown(text: string | null): string {
  if (text === null) return "nothing";
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}
