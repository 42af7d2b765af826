/** The points that a run has there of one key, against those here. */
import type { RunLocation } from "../../core/index.js";
import { type RunDocument, readSeries } from "../../core/transfer/index.js";
import type { Point } from "../../store-format/index.js";
import { PointCollector, type PointSet } from "../engine/point-set.js";
import type { Difference, ExpectedRun } from "./expected-run.js";
import { storedPoint } from "./stored-value.js";

/** Adds to `found` what is missing there and what is told of it. Returns how many points there are not here. */
export function compareSeries(
  { document, location }: ExpectedRun,
  { key, theirs }: { readonly key: string; readonly theirs: PointSet },
  found: { readonly differences: Difference[]; readonly exceptions: string[] },
): number {
  const heads = document.series.filter((head) => head.key === key);
  const isSame =
    heads.length === 1 && heads[0]!.count === theirs.size && heads[0]!.sha256 === theirs.sha256();
  const linked = heads.find(({ dataset }) => dataset !== undefined);
  if (linked !== undefined)
    found.exceptions.push(`Points of '${key}' have no link to the dataset '${linked.dataset!.name}' there.`);
  if (isSame) return 0;
  const ours = localSet(location, key);
  const missing = ours.points.without(theirs).size;
  const more = theirs.without(ours.points).size;
  if (missing > 0 && !wentOn(document, key, { theirs: theirs.size, more }))
    found.differences.push({
      what: "metric",
      key,
      problem: `lacks ${missing} of ${ours.points.size} points`,
    });
  if (more > 0) found.exceptions.push(`The metric '${key}' has ${more} points there that are not here.`);
  if (ours.hasInfinity) found.exceptions.push(`Infinities of '${key}' are the largest double there.`);
  return more;
}

/** Points of a key here, doubles counted. */
export function countOf({ series }: RunDocument, key: string): number {
  return series.reduce((sum, head) => (head.key === key ? sum + head.count : sum), 0);
}

function localSet(
  location: RunLocation,
  key: string,
): { readonly points: PointSet; readonly hasInfinity: boolean } {
  const collector = new PointCollector();
  let hasInfinity = false;
  for (const { points } of readSeries(location, key).chunks)
    for (const point of points) {
      hasInfinity ||= isInfinite(point);
      collector.add(storedPoint(point));
    }
  return { points: collector.finish(), hasInfinity };
}

/** A run that still runs may have logged more since it was sent: what it had then is there. */
function wentOn(
  document: RunDocument,
  key: string,
  { theirs, more }: { readonly theirs: number; readonly more: number },
): boolean {
  return document.info.status === "RUNNING" && more === 0 && theirs >= countOf(document, key);
}

function isInfinite({ value }: Point): boolean {
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;
}
