/**
 * Reads what is appended to the metric files of a run, and nothing twice: each file is remembered with how far it was
 * read. When the places of the points change (a fold of further writers, a file that was replaced or cut), all is read
 * anew, and the caller is told.
 */
import { join } from "node:path";
import { MetricLineParser, type Point } from "../../store-format/index.js";
import { OpenFile, statIfExists } from "../fs/index.js";
import { IGNORE_DAMAGE } from "../store/read/damages.js";
import { inside, type Located, type RunLocation } from "../store/read/located.js";
import { placesOf } from "../store/read/metric-points.js";
import { readKeys } from "../store/read/records.js";
import { readWriters } from "../store/read/writers.js";

export interface NewPoints {
  /** Everything that was told before is void: these are all points there are. */
  readonly anew: boolean;
  readonly series: readonly { readonly key: string; readonly points: readonly Point[] }[];
}

interface FollowedFile {
  readonly inode: bigint;
  offset: number;
  readonly parser: MetricLineParser;
}

/** A directory of metric files. */
interface Place extends Located {
  /** How many bytes of a key's file count; all, when it is not named. */
  readonly limits: ReadonlyMap<string, number>;
}

export class MetricFollower {
  readonly #location: RunLocation;
  readonly #files = new Map<string, FollowedFile>();
  #writers: string | undefined;

  constructor(location: RunLocation) {
    this.#location = location;
  }

  /** The points since the last call; the first call gives all there are. Throws typed errors of the file system. */
  poll(): NewPoints {
    const writers = readWriters(this.#location);
    const moved = this.#writers !== undefined && writers.identity !== this.#writers && this.#hadSlots();
    this.#writers = writers.identity;
    const places = placesOf(this.#location, writers).map((place, index): Place => {
      // What a fold appends is still told from the writers' own files.
      const lengths = index === 0 ? (writers.fold?.metrics ?? []) : [];
      return {
        ...inside(place, "metrics"),
        limits: new Map(lengths.map(({ key, length }) => [key, length])),
      };
    });
    if (moved) return this.#anew(places);
    const series = this.#readAll(places);
    return series === null ? this.#anew(places) : { anew: false, series };
  }

  #hadSlots(): boolean {
    const own = join(this.#location.directory, "metrics");
    return [...this.#files.keys()].some((path) => !path.startsWith(`${own}/`));
  }

  #anew(places: readonly Place[]): NewPoints {
    this.#files.clear();
    return { anew: true, series: this.#readAll(places) ?? [] };
  }

  /** Null when a file is not the one that was read before. */
  #readAll(places: readonly Place[]): NewPoints["series"] | null {
    const series: { readonly key: string; readonly points: readonly Point[] }[] = [];
    const seen = new Set<string>();
    for (const place of places) {
      for (const key of readKeys(place, IGNORE_DAMAGE)) {
        const path = `${place.directory}/${key}`;
        const points = this.#readNew(path, place.limits.get(key) ?? Number.POSITIVE_INFINITY);
        seen.add(path);
        if (points === null) return null;
        if (points.length > 0) series.push({ key, points });
      }
    }
    // A file that is gone took points with it.
    return [...this.#files.keys()].every((path) => seen.has(path)) ? series : null;
  }

  #readNew(path: string, limit: number): readonly Point[] | null {
    const found = statIfExists(path);
    if (found === null) return this.#files.has(path) ? null : [];
    let file = this.#files.get(path);
    if (file !== undefined && (file.inode !== found.inode || found.size < file.offset)) return null;
    if (file === undefined) {
      file = { inode: found.inode, offset: 0, parser: new MetricLineParser("run") };
      this.#files.set(path, file);
    }
    return Math.min(found.size, limit) <= file.offset ? [] : readOn(path, file, limit);
  }
}

/** Up to `limit`, or to the end. */
function readOn(path: string, file: FollowedFile, limit: number): readonly Point[] {
  const points: Point[] = [];
  const open = OpenFile.openIfExists(path);
  if (open === null) return points;
  try {
    for (const block of open.blocks(file.offset, Math.min(open.size, limit))) {
      file.parser.feed(block, points);
      file.offset += block.length;
    }
  } finally {
    open.close();
  }
  return points;
}
