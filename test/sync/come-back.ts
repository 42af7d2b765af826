/** A run before it was pushed against the one that came back: each difference, and the reason for it. */
import { isDeepStrictEqual } from "node:util";
import type { RunLocation } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import { type RunDocument, readRunDocument, readSeries } from "../../core/transfer/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import { PointSet } from "../../sync/engine/point-set.js";
import type { RunOutcome } from "../../sync/engine/report.js";
import { storedPoint } from "../../sync/mlflow/stored-value.js";

export interface ComeBack {
  readonly there: StoreContext;
  readonly here: StoreContext;
  readonly from: RunLocation;
  /** Null: it did not come. */
  readonly to: RunLocation | null;
  /** Of its push. */
  readonly outcome: RunOutcome;
}

export interface NamedDifference {
  readonly what: string;
  /** Null: there is none. */
  readonly reason: string | null;
}

const FIELDS = ["runName", "userId", "status", "startTime", "endTime", "lifecycleStage"] as const;

export function differencesOf(back: ComeBack): readonly NamedDifference[] {
  if (back.to === null) return [{ what: "did not come", reason: reasonForAbsence(back) }];
  const before = readRunDocument(back.there, back.from).document;
  const after = readRunDocument(back.here, back.to).document;
  return [
    ...fields(before, after),
    ...texts("param", before.params, after.params, back),
    ...texts("tag", before.tags, after.tags, back),
    ...series(back, before, after),
    ...lists(back, before, after),
  ];
}

/** A run that cannot be read cannot be pushed. */
function reasonForAbsence({ outcome, there, from }: ComeBack): string | null {
  if (outcome.result !== "failed" || outcome.error === undefined) return null;
  try {
    readRunDocument(there, from);
    return null;
  } catch (error) {
    if (isRunstoneError(error)) return "runs are damaged and were not pushed";
    throw error;
  }
}

function fields(before: RunDocument, after: RunDocument): NamedDifference[] {
  const different = FIELDS.filter((field) => before.info[field] !== after.info[field]);
  return different.map((field) => {
    const what = `${field}: ${before.info[field]} became ${after.info[field]}`;
    const isNoStart = field === "startTime" && before.info.startTime === null;
    return { what, reason: isNoStart ? "start times that were not known are 0 on a server" : null };
  });
}

type Texts = Readonly<Record<string, string>>;

function texts(kind: "param" | "tag", before: Texts, after: Texts, back: ComeBack): NamedDifference[] {
  const found: NamedDifference[] = [];
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [mine, theirs] = [before[key], after[key]];
    if (mine === theirs || key.startsWith("runstone.")) continue;
    const isName = kind === "tag" && key === "mlflow.runName" && mine === undefined;
    const isNamed = back.outcome.exceptions.some((sentence) => sentence.includes(`${kind} '${key}'`));
    const reason = isName
      ? "runs had no tag mlflow.runName, which servers make of the name"
      : isNamed
        ? `the server refuses the ${kind}, as the push said`
        : null;
    found.push({ what: `${kind} ${key}: ${mine?.slice(0, 60)} became ${theirs?.slice(0, 60)}`, reason });
  }
  return found;
}

function series(back: ComeBack, before: RunDocument, after: RunDocument): NamedDifference[] {
  const keys = new Set([...before.series, ...after.series].map(({ key }) => key));
  return [...keys].flatMap((key) => {
    const [mine, theirs] = [before, after].map((run) => run.series.filter((head) => head.key === key));
    if (isDeepStrictEqual(mine, theirs)) return [];
    const stored = pointsOf(back.from, key, true);
    const isStored = back.to !== null && stored.equals(pointsOf(back.to, key, false));
    const isRefused = back.outcome.exceptions.some((sentence) => sentence.includes(`metric '${key}'`));
    const reason = isStored
      ? "series have infinities, links to datasets or -0, which a server does not keep"
      : isRefused
        ? "the server refuses points, as the push said"
        : null;
    return [{ what: `metric ${key}`, reason }];
  });
}

function pointsOf(location: RunLocation, key: string, isStored: boolean): PointSet {
  const points = [...readSeries(location, key).chunks].flatMap((chunk) => chunk.points);
  return PointSet.of(isStored ? points.map(storedPoint) : points);
}

function lists(back: ComeBack, before: RunDocument, after: RunDocument): NamedDifference[] {
  const found: NamedDifference[] = [];
  const pathsOf = (run: RunDocument): readonly string[] =>
    run.artifacts.map(({ path, sha256 }) => `${path} ${sha256}`);
  for (const path of symmetricDifference(pathsOf(before), pathsOf(after))) {
    const name = path.slice(0, -65);
    const isNamed = back.outcome.exceptions.some((sentence) => sentence.includes(name));
    found.push({
      what: `artifact ${path}`,
      reason: isNamed ? "artifacts could not be pushed, as the push said" : null,
    });
  }
  for (const field of ["inputs", "outputs"] as const)
    if (!isDeepStrictEqual(before[field], after[field]))
      found.push({
        what: `${field}: ${JSON.stringify(before[field])} became ${JSON.stringify(after[field])}`.slice(
          0,
          900,
        ),
        reason: null,
      });
  return found;
}

function symmetricDifference(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...a.filter((item) => !b.includes(item)), ...b.filter((item) => !a.includes(item))];
}
