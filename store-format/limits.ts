/**
 * MLflow's limits and our own. Lengths of texts are counted in code points unless the name says bytes.
 * Reading is lenient: only {@link MAX_YAML_BYTES}, {@link MAX_YAML_DEPTH} and {@link MAX_METRIC_LINE_BYTES} apply to it.
 */

/** Key of a metric, param or tag. */
export const MAX_KEY_LENGTH = 250;
/** One component of a key or artifact path: what every common file system can hold. */
export const MAX_COMPONENT_BYTES = 255;
/** MLflow cuts params at 6,000 characters; we store up to this many bytes and cut nothing. */
export const MAX_PARAM_VALUE_BYTES = 1_048_576;
/** MLflow's limit of a param value, which its servers enforce. */
export const MLFLOW_MAX_PARAM_VALUE_LENGTH = 6_000;
/** Value of a run tag, in bytes (captured patches and lists of packages are artifacts, not tags). */
export const MAX_TAG_VALUE_BYTES = 1_048_576;
/** MLflow's limit of a run tag in `log-batch`. */
export const MLFLOW_MAX_TAG_VALUE_LENGTH = 8_000;
export const MAX_EXPERIMENT_TAG_VALUE_LENGTH = 20_000;
export const MAX_REGISTRY_TAG_VALUE_LENGTH = 100_000;
export const MAX_EXPERIMENT_NAME_LENGTH = 500;
export const MAX_ARTIFACT_LOCATION_LENGTH = 2_048;
export const MAX_ALIAS_LENGTH = 255;
export const MAX_DATASET_NAME_LENGTH = 500;
export const MAX_DATASET_DIGEST_LENGTH = 36;
export const MAX_DATASET_SOURCE_LENGTH = 65_535;
export const MAX_DATASET_SCHEMA_LENGTH = 1_048_575;
export const MAX_DATASET_PROFILE_LENGTH = 16_777_215;
export const MAX_INPUT_TAG_KEY_LENGTH = 255;
export const MAX_INPUT_TAG_VALUE_LENGTH = 500;
/** Name of a run as MLflow makes it; longer names given by people are fine. */
export const MAX_DEFAULT_RUN_NAME_LENGTH = 20;
export const MAX_ARTIFACT_PATH_BYTES = 4_096;

/** One REST `log-batch` request. */
export const MAX_BATCH_METRICS = 1_000;
export const MAX_BATCH_PARAMS = 100;
export const MAX_BATCH_TAGS = 100;
export const MAX_BATCH_ITEMS = 1_000;
export const MAX_BATCH_BYTES = 1_000_000;
export const MAX_SEARCH_RESULTS = 50_000;
export const DEFAULT_SEARCH_RESULTS = 1_000;

/** A larger YAML file is refused unread. */
export const MAX_YAML_BYTES = 16 * 1_048_576;
/** A larger manifest is refused unread: about two million files of one run. */
export const MAX_MANIFEST_BYTES = 256 * 1_048_576;
/** A larger claim (`lease.yaml`, `owner.yaml`) is refused unread. */
export const MAX_CLAIM_BYTES = 65_536;
/** Nesting of maps and lists in a YAML file. */
export const MAX_YAML_DEPTH = 32;
/** A longer line of a metric file is malformed; it bounds the memory of the reader. */
export const MAX_METRIC_LINE_BYTES = 65_536;
/** Problems of one metric file that are described one by one; more are only counted. */
export const MAX_METRIC_PROBLEMS = 1_000;

export const MIN_INT64 = -(2n ** 63n);
export const MAX_INT64 = 2n ** 63n - 1n;
