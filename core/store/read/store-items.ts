/** What a walk over a whole store yields: everything readable, one thing at a time, points some thousand at a time. */
import type {
  Dataset,
  ExperimentMeta,
  LoggedModelMeta,
  MetricLine,
  ModelVersionMeta,
  RegisteredModelMeta,
  RunInfo,
  TraceInfo,
} from "../../../store-format/index.js";
import type { InputEntry, OutputEntry } from "./inputs-outputs.js";
import type { ExperimentLocation, LoggedModelLocation, RunLocation } from "./located.js";
import type { ModelVersionLocation, RegisteredModelLocation } from "./registry.js";
import type { TraceLocation } from "./traces.js";

/** What params, tags and metrics belong to. */
export type RecordOwner =
  | ExperimentLocation
  | RunLocation
  | LoggedModelLocation
  | RegisteredModelLocation
  | ModelVersionLocation
  | TraceLocation;

export type RecordKind = "param" | "tag" | "request_metadata";

export type StoreItem =
  | { readonly kind: "experiment"; readonly location: ExperimentLocation; readonly meta: ExperimentMeta }
  | { readonly kind: "dataset"; readonly location: ExperimentLocation; readonly dataset: Dataset }
  | { readonly kind: "run"; readonly location: RunLocation; readonly info: RunInfo }
  | {
      readonly kind: RecordKind;
      readonly owner: RecordOwner;
      readonly key: string;
      readonly bytes: Uint8Array;
    }
  | {
      readonly kind: "points";
      readonly owner: RunLocation | LoggedModelLocation;
      readonly key: string;
      readonly points: readonly MetricLine[];
    }
  | { readonly kind: "input"; readonly location: RunLocation; readonly input: InputEntry }
  | { readonly kind: "output"; readonly location: RunLocation; readonly output: OutputEntry }
  | { readonly kind: "logged_model"; readonly location: LoggedModelLocation; readonly meta: LoggedModelMeta }
  | { readonly kind: "trace"; readonly location: TraceLocation; readonly trace: TraceInfo }
  | {
      readonly kind: "registered_model";
      readonly location: RegisteredModelLocation;
      readonly meta: RegisteredModelMeta;
    }
  | {
      readonly kind: "model_version";
      readonly location: ModelVersionLocation;
      readonly meta: ModelVersionMeta;
      readonly aliases: readonly string[];
    }
  | {
      readonly kind: "alias";
      readonly location: RegisteredModelLocation;
      readonly alias: string;
      readonly version: string;
    };
