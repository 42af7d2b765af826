/** What Runstone answers to a search in MLflow's dialect, as the driver of MLflow reports it. */

import { openRunTable } from "../../../core/index/open-run-table.js";
import type { DatasetChoice, LoggedModelOrder } from "../../../core/interfaces.js";
import type { RunTable } from "../../../core/search/run-table.js";
import { searchExperiments } from "../../../core/search/search-experiments.js";
import { searchLoggedModels } from "../../../core/search/search-logged-models.js";
import { searchModelVersions, searchRegisteredModels } from "../../../core/search/search-registry.js";
import { searchRunTable } from "../../../core/search/search-runs.js";
import type { StoreContext } from "../../../core/store/context.js";
import { scanExperiments } from "../../../core/store/read/experiments.js";
import { scanLoggedModels } from "../../../core/store/read/logged-models.js";
import { scanModelVersions, scanRegisteredModels } from "../../../core/store/read/registry.js";
import {
  type Damage,
  type Experiment,
  isRunstoneError,
  type LoggedModel,
  type ModelVersion,
  type RegisteredModel,
} from "../../../store-format/index.js";
import {
  type Answer,
  type DatasetFilter,
  type LoggedModelQuery,
  MAX_PAGES,
  type ModelOrder,
  type Query,
  type RunQuery,
} from "./query.js";

interface Page {
  readonly ids: readonly string[];
  readonly nextPageToken: string | null;
}

export class Answerer {
  readonly #runs: RunTable;
  readonly #experiments: readonly Experiment[];
  readonly #models: readonly RegisteredModel[];
  readonly #versions: readonly ModelVersion[];
  readonly #loggedModels: readonly LoggedModel[];

  constructor(context: StoreContext) {
    this.#runs = openRunTable(context);
    this.#experiments = scanExperiments(context, fail);
    this.#models = scanRegisteredModels(context, fail);
    this.#versions = this.#models.flatMap(({ name }) => scanModelVersions(context, name, fail));
    this.#loggedModels = this.#experiments.flatMap(({ experimentId }) =>
      scanLoggedModels(context, experimentId, fail),
    );
  }

  answer(query: Query): Answer {
    const pages: (readonly string[])[] = [];
    const tokens: (string | null)[] = [];
    let pageToken = query.pageToken;
    try {
      while (pages.length < MAX_PAGES) {
        const page = this.#page(query, pageToken ?? undefined);
        pages.push(page.ids);
        tokens.push(page.nextPageToken);
        pageToken = page.nextPageToken;
        if (pageToken === null) break;
      }
      return { pages, tokens };
    } catch (error) {
      // Any other error is a bug, not an answer.
      if (!isRunstoneError(error, "INVALID_PARAMETER_VALUE")) throw error;
      return { error: { raised: "runstone", type: error.code, message: error.message }, page: pages.length };
    }
  }

  #page(query: Query, pageToken: string | undefined): Page {
    switch (query.search) {
      case "runs":
        return this.#runPage(query, pageToken);
      case "experiments":
        return idsOf(
          searchExperiments(this.#experiments, asked(query, pageToken)),
          (item) => item.experimentId,
        );
      case "registeredModels":
        return idsOf(searchRegisteredModels(this.#models, asked(query, pageToken)), (item) => item.name);
      case "modelVersions":
        return idsOf(
          searchModelVersions(this.#versions, asked(query, pageToken)),
          (item) => `${item.name}/${item.version}`,
        );
      case "loggedModels":
        return this.#loggedModelPage(query, pageToken);
    }
  }

  #loggedModelPage(query: LoggedModelQuery, pageToken: string | undefined): Page {
    const models = this.#loggedModels.filter(
      ({ experimentId, lifecycleStage }) =>
        lifecycleStage === "active" && query.experimentIds.includes(experimentId),
    );
    const search = {
      ...asked(query, pageToken),
      datasets: query.datasets.map((dataset) => choiceOf(dataset)),
      orderBy: query.orderBy.map(orderOf),
    };
    return idsOf(searchLoggedModels(models, search), (item) => item.modelId);
  }

  #runPage(query: RunQuery, pageToken: string | undefined): Page {
    const page = searchRunTable(this.#runs, { ...asked(query, pageToken) });
    const ids = page.rows.map((row) => this.#runs.runAt(row).runId);
    return { ids, nextPageToken: page.nextPageToken };
  }
}

function asked<T extends Query>(query: T, pageToken: string | undefined) {
  return { ...query, dialect: "mlflow", pageToken, now: 0 } as const;
}

function idsOf<Item>(
  { items, nextPageToken }: { readonly items: readonly Item[]; readonly nextPageToken: string | null },
  idOf: (item: Item) => string,
): Page {
  return { ids: items.map(idOf), nextPageToken };
}

function choiceOf({ dataset_name, dataset_digest }: DatasetFilter): DatasetChoice {
  return { name: dataset_name ?? "", ...(dataset_digest === undefined ? {} : { digest: dataset_digest }) };
}

function orderOf(order: ModelOrder): LoggedModelOrder {
  const hasDataset = order.dataset_name !== undefined || order.dataset_digest !== undefined;
  return {
    field: order.field_name ?? "",
    ...(order.ascending === undefined ? {} : { ascending: order.ascending }),
    ...(hasDataset ? { dataset: choiceOf(order) } : {}),
  };
}

/** The store is sound. */
function fail(damage: Damage): void {
  if (damage.severity !== "note") throw new Error(JSON.stringify(damage));
}
