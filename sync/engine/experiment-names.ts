/** Which experiment has a name on each side, so that none is given to two. */
import type { CatalogEntry } from "../../store-format/index.js";

/** An experiment here and its counterpart, its name as it is here. */
export interface NamedPair {
  readonly local: CatalogEntry | null;
  readonly remote: CatalogEntry | null;
}

export class ExperimentNames {
  readonly #here = new Map<string, NamedPair>();
  readonly #there = new Map<string, NamedPair>();

  add(pair: NamedPair): void {
    const { local, remote } = pair;
    if (local !== null) this.#here.set(nameOf(local), pair);
    // Those that no name here stands for are none of ours.
    if (remote !== null && remote.origin !== "") this.#there.set(nameOf(remote), pair);
  }

  /** Before its names change. */
  remove(pair: NamedPair): void {
    for (const names of [this.#here, this.#there])
      for (const entry of [pair.local, pair.remote])
        if (entry !== null && names.get(nameOf(entry)) === pair) names.delete(nameOf(entry));
  }

  /** Whether the name that it has on one side is another one's on the other side. */
  isTaken(pair: NamedPair): boolean {
    const { local, remote } = pair;
    const isOthers = (names: ReadonlyMap<string, NamedPair>, entry: CatalogEntry | null): boolean =>
      entry !== null && (names.get(nameOf(entry)) ?? pair) !== pair;
    return isOthers(this.#there, local) || isOthers(this.#here, remote);
  }
}

function nameOf({ id, fields }: CatalogEntry): string {
  return fields["name"] ?? id;
}
