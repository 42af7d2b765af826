/** One search as both sides get it, and what they answer. */

export interface RunQuery {
  readonly search: "runs";
  readonly experimentIds: readonly string[];
  readonly filter: string;
  readonly orderBy: readonly string[];
  readonly view: "active" | "deleted" | "all";
  readonly maxResults: number;
  readonly pageToken: string | null;
  /** Whether a text of it was mutated: then it may be no filter at all. */
  readonly mutated: boolean;
}

export interface ExperimentQuery extends Omit<RunQuery, "search" | "experimentIds"> {
  readonly search: "experiments";
}

export interface RegistryQuery extends Omit<RunQuery, "search" | "experimentIds" | "view"> {
  readonly search: "registeredModels" | "modelVersions";
}

/** A clause of `order_by` in a search over logged models, in MLflow's words. */
export interface ModelOrder {
  readonly field_name?: string;
  readonly ascending?: boolean;
  readonly dataset_name?: string;
  readonly dataset_digest?: string;
}

export interface DatasetFilter {
  readonly dataset_name?: string;
  readonly dataset_digest?: string;
}

export interface LoggedModelQuery extends Omit<RunQuery, "search" | "orderBy" | "view"> {
  readonly search: "loggedModels";
  readonly orderBy: readonly ModelOrder[];
  readonly datasets: readonly DatasetFilter[];
}

export type Query = RunQuery | ExperimentQuery | RegistryQuery | LoggedModelQuery;

export interface Pages {
  /** Ids, page by page. */
  readonly pages: readonly (readonly string[])[];
  /** The token that came with each page; falsy with the last. */
  readonly tokens: readonly (string | null)[];
}

export interface Refusal {
  /** `mlflow`: MLflow's own exception; `raw`: any other Python exception; `runstone`: ours. */
  readonly error: {
    readonly raised: "mlflow" | "raw" | "runstone";
    readonly type: string;
    readonly message: string;
  };
  /** How many pages came before. */
  readonly page: number;
}

export type Answer = Pages | Refusal;

/** No walk over pages is longer. */
export const MAX_PAGES = 60;

export function isRefusal(answer: Answer): answer is Refusal {
  return "error" in answer;
}
