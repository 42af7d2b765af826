/** The points of a key that another store has and this one lacks, each once. */
import type { DatasetRef, Point } from "../../store-format/index.js";
import { checkReceivedPoint } from "./check-received.js";
import { GrowingPointSet } from "./growing-point-set.js";
import type { PointSource } from "./receive-points.js";

/** Points that are linked to different datasets are different ones. */
export class KnownPoints {
  readonly #sets = new Map<string, GrowingPointSet>();

  add(point: Point): void {
    this.#setOf(point.dataset).add(point);
  }

  /** False: it was there. */
  addIfNew(point: Point): boolean {
    return this.#setOf(point.dataset).addIfNew(point);
  }

  #setOf(dataset: DatasetRef | undefined): GrowingPointSet {
    const name = dataset === undefined ? "" : JSON.stringify([dataset.name, dataset.digest]);
    const set = this.#sets.get(name) ?? new GrowingPointSet();
    this.#sets.set(name, set);
    return set;
  }
}

/** Of a series of `theirs`, what `mine` lacks, some at a time. Throws INVALID_PARAMETER_VALUE for what is no point. */
export async function* missingPoints(
  key: string,
  known: KnownPoints,
  theirs: PointSource,
): AsyncGenerator<readonly Point[]> {
  for await (const some of theirs(key)) {
    const missing = some.filter((point) => {
      checkReceivedPoint(key, point);
      return known.addIfNew(point);
    });
    if (missing.length > 0) yield missing;
  }
}

/** How many points of a series of `theirs` a merge would append to `mine`. Throws as {@link missingPoints}. */
export async function countMissingPoints(
  key: string,
  mine: PointSource,
  theirs: PointSource,
): Promise<number> {
  const known = new KnownPoints();
  for await (const some of mine(key)) for (const point of some) known.add(point);
  let count = 0;
  for await (const some of missingPoints(key, known, theirs)) count += some.length;
  return count;
}
