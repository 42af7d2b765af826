/** The runs of a server as commands search them. */
import type { RunRecord } from "../../core/search/run-record.js";
import type { StoreContext } from "../../core/store/context.js";
import type { Experiment, Run, View } from "../../store-format/index.js";
import type { RestStore } from "../../sync/rest/index.js";
import { RemoteRunTable } from "../../sync/rest/remote-run-table.js";
import type { CommandContext } from "../context.js";
import type { OpenPlace } from "../store/open-place.js";
import type { OpenRuns } from "../store/open-runs.js";
import type { OpenStoresOptions } from "../store/open-stores.js";
import { findExperiment } from "./find.js";

/** All runs of the experiments asked for, deleted ones too. */
export async function openServerRuns(
  context: CommandContext,
  store: RestStore,
  { experiments = [] }: OpenStoresOptions,
): Promise<OpenRuns> {
  const all = await store.listExperiments("all");
  const ids = await idsOf(store, experiments);
  const runs: Run[] = [];
  for await (const run of store.listRuns({
    view: "all",
    experimentIds: ids ?? all.map(({ experimentId }) => experimentId),
  }))
    runs.push(run);
  return asOpened(context, store, { runs, experiments: all });
}

export interface NewestRuns {
  readonly experiments: readonly string[];
  readonly view: View;
  readonly limit: number;
}

/** The newest runs only; `more`: there are others. */
export async function openNewestRuns(
  context: CommandContext,
  store: RestStore,
  { experiments, view, limit }: NewestRuns,
): Promise<{ readonly runs: OpenRuns; readonly more: boolean }> {
  const all = await store.listExperiments("all");
  const experimentIds = (await idsOf(store, experiments)) ?? all.map(({ experimentId }) => experimentId);
  const { items } = await store.searchRuns({ experimentIds, view, maxResults: limit + 1 });
  const runs = asOpened(context, store, { runs: items.slice(0, limit), experiments: all });
  return { runs, more: items.length > limit };
}

async function idsOf(store: RestStore, words: readonly string[]): Promise<readonly string[] | undefined> {
  if (words.length === 0) return undefined;
  const ids: string[] = [];
  for (const word of words) ids.push((await findExperiment(store, word)).experimentId);
  return ids;
}

interface Known {
  readonly runs: readonly Run[];
  readonly experiments: readonly Experiment[];
}

function asOpened(context: CommandContext, store: RestStore, { runs, experiments }: Known): OpenRuns {
  const names = new Map(experiments.map(({ experimentId, name }) => [experimentId, name]));
  const table = new RemoteRunTable(runs, { asOf: context.now(), uri: store.uri });
  return new ServerRuns(table, names, placeOf(context, store));
}

/** There are no files: what would read them finds none. */
function placeOf(context: CommandContext, store: RestStore): OpenPlace {
  const nothing: StoreContext = {
    root: store.uri,
    workspace: null,
    durability: "default",
    locations: "absolute",
    artifactPolicy: { gitMaxBytes: 0, objectCopyMaxBytes: 0, hardLinks: false },
    index: { location: "none", directory: null },
    now: context.now,
    warn: () => undefined,
  };
  return { context: nothing, onDamage: () => undefined };
}

class ServerRuns implements OpenRuns {
  readonly stores: OpenRuns["stores"] = [];
  readonly severalStores = false;
  readonly table: RemoteRunTable;
  readonly experimentNames: ReadonlyMap<string, string>;
  readonly #place: OpenPlace;

  constructor(table: RemoteRunTable, experimentNames: ReadonlyMap<string, string>, place: OpenPlace) {
    this.table = table;
    this.experimentNames = experimentNames;
    this.#place = place;
  }

  readonly onDamage = (): void => undefined;

  rowOf({ runId }: RunRecord): number | null {
    return this.table.rowOf(runId);
  }

  placeOf(): OpenPlace {
    return this.#place;
  }

  storesOf(): readonly string[] {
    return [];
  }

  storesAt(): readonly string[] {
    return [];
  }

  experimentNameOf({ experimentId }: Pick<RunRecord, "experimentId">): string | undefined {
    return this.experimentNames.get(experimentId);
  }
}
