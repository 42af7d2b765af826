/** MLflow's error codes and the HTTP status each is sent with (mlflow/exceptions.py, `ERROR_CODE_TO_HTTP_STATUS`). */
export const MLFLOW_ERROR_STATUSES: Readonly<Record<string, number>> = {
  INVALID_PARAMETER_VALUE: 400,
  BAD_REQUEST: 400,
  RESOURCE_ALREADY_EXISTS: 400,
  UNAUTHENTICATED: 401,
  CUSTOMER_UNAUTHORIZED: 401,
  PERMISSION_DENIED: 403,
  ENDPOINT_NOT_FOUND: 404,
  NOT_FOUND: 404,
  RESOURCE_DOES_NOT_EXIST: 404,
  ABORTED: 409,
  RESOURCE_CONFLICT: 409,
  ALREADY_EXISTS: 409,
  REQUEST_LIMIT_EXCEEDED: 429,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  INTERNAL_ERROR: 500,
  DATA_LOSS: 500,
  INVALID_STATE: 500,
  NOT_IMPLEMENTED: 501,
  TEMPORARILY_UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

/** The status of an error code; 500 for one that MLflow has no status for. */
export function mlflowErrorStatus(errorCode: string): number {
  return Object.hasOwn(MLFLOW_ERROR_STATUSES, errorCode) ? MLFLOW_ERROR_STATUSES[errorCode]! : 500;
}
