/** Runs that appear while somebody watches. */
import { type FileStat, statIfExists } from "../fs/index.js";
import { readRunRecord } from "../search/read-run-record.js";
import type { RunRecord } from "../search/run-record.js";
import type { StoreContext } from "../store/context.js";
import { IGNORE_DAMAGE } from "../store/read/damages.js";
import { directoriesOf } from "../store/read/entries.js";
import { isRun } from "../store/read/is-run.js";
import type { ExperimentLocation } from "../store/read/located.js";
import { experimentsOf, isRunName, runIn } from "../store/read/runs.js";

export class NewRuns {
  readonly #context: StoreContext;
  readonly #experimentIds: readonly string[] | undefined;
  readonly #known = new Map<string, { readonly identity: string; readonly names: ReadonlySet<string> }>();

  /** Runs that are there now are not new. `experimentIds`: default every experiment. */
  constructor(context: StoreContext, experimentIds?: readonly string[]) {
    this.#context = context;
    this.#experimentIds = experimentIds;
    for (const experiment of this.#experiments()) this.#newNames(experiment);
  }

  /** The runs made since the last call. Directories that did not change are not listed again. */
  poll(): readonly RunRecord[] {
    const found: RunRecord[] = [];
    for (const experiment of this.#experiments()) {
      for (const name of this.#newNames(experiment)) {
        const run = runIn(experiment, name);
        if (isRun(run)) found.push(readRunRecord(run, IGNORE_DAMAGE));
      }
    }
    return found;
  }

  #experiments(): readonly ExperimentLocation[] {
    const all = [...experimentsOf(this.#context, this.#experimentIds, IGNORE_DAMAGE)];
    return all.filter(({ place }) => place === "root");
  }

  #newNames(experiment: ExperimentLocation): readonly string[] {
    const { directory } = experiment;
    const identity = identityOf(statIfExists(directory));
    const before = this.#known.get(directory);
    if (before?.identity === identity) return [];
    const names = directoriesOf(experiment, IGNORE_DAMAGE).filter(isRunName);
    this.#known.set(directory, { identity, names: new Set(names) });
    return names.filter((name) => !(before?.names.has(name) ?? false));
  }
}

function identityOf(found: FileStat | null): string {
  return found === null ? "" : `${found.inode} ${found.mtimeNs}`;
}
