/** What goes over the wire, as pure code: shared by the REST client, the sync and the server. */
export { MLFLOW_ERROR_STATUSES, mlflowErrorStatus } from "./mlflow/error-statuses.js";
