import type { Integer, TraceInfo } from "./entities.js";
import { MetaFields, type ParseOptions } from "./meta-fields.js";

/**
 * `<experiment>/traces/<trace id>/trace_info.yaml`, V3 or V2 (`request_id`, `timestamp_ms`, `execution_time_ms`,
 * `status`). Throws DAMAGED: unreadable YAML, no id.
 */
export function parseTraceInfo(bytes: Uint8Array, options: ParseOptions = {}): TraceInfo {
  const fields = MetaFields.parse(bytes, "trace's trace_info.yaml", options);
  const location = fields.nested("trace_location")?.nested("mlflow_experiment");
  return {
    traceId: fields.string("trace_id") ?? fields.string("request_id") ?? fields.requiredString("trace_id"),
    experimentId: location?.string("experiment_id") ?? fields.string("experiment_id"),
    requestTime: fields.string("request_time") ?? fields.string("timestamp_ms"),
    executionDurationMs: parseDuration(fields),
    state: fields.string("state") ?? fields.string("status") ?? "STATE_UNSPECIFIED",
    requestPreview: fields.string("request_preview"),
    responsePreview: fields.string("response_preview"),
    clientRequestId: fields.string("client_request_id"),
  };
}

function parseDuration(fields: MetaFields): Integer | null {
  if (fields.has("execution_duration_ms")) return fields.integer("execution_duration_ms");
  return fields.integer("execution_time_ms");
}
