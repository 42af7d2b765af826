/** What MLflow's servers take in one request, and how much of it can be repeated. Further limits: store-format/limits.ts. */

/** Points of a batch that can safely be sent again (docs/design/0007-sync.md); one key alone may have a full batch. */
export const REPEATABLE_BATCH_POINTS = 100;
/** Datasets of one log-inputs. */
export const MAX_LOGGED_DATASETS = 1_000;
/** Params of one request about a logged model. */
export const MAX_LOGGED_MODEL_PARAMS = 100;
/** `max_results` of a search of runs or experiments. */
export const MAX_RUN_RESULTS = 50_000;
export const MAX_EXPERIMENT_RESULTS = 50_000;
export const MAX_REGISTERED_MODEL_RESULTS = 1_000;
export const MAX_MODEL_VERSION_RESULTS = 200_000;
export const MAX_LOGGED_MODEL_RESULTS = 50;
/** Runs and points of one get-history-bulk. */
export const MAX_BULK_HISTORY_RUNS = 100;
export const MAX_BULK_HISTORY_POINTS = 25_000;
/** Points of a page of a history that MLflow's own client asks for. */
export const HISTORY_PAGE_POINTS = 25_000;
/** Value of an experiment's tag, in characters. */
export const MLFLOW_MAX_EXPERIMENT_TAG_VALUE_LENGTH = 5_000;
/** The largest double: what SQL stores make of an infinity. */
export const STORED_INFINITY = Number.MAX_VALUE;
