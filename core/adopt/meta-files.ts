/** The meta.yaml of experiments, runs and logged models: what MLflow insists on, and locations of another machine. */
import { join } from "node:path";
import {
  decodeText,
  encodeText,
  isExperimentId,
  isRunId,
  isRunstoneError,
  isStrayEntry,
  isYamlNull,
  MetaFields,
  type ParseOptions,
  parseRunMeta,
  RUN_STATUSES,
  setYamlFields,
  type YamlFields,
  yamlInteger,
} from "../../store-format/index.js";
import { listDirectory, readBytesIfExists, statIfExists } from "../fs/index.js";
import { locationInExperiment } from "../store/artifact-location.js";
import type { StoreContext } from "../store/context.js";
import { META } from "../store/layout.js";
import { parseGeneralYaml } from "../store/read/general-yaml.js";
import type { ExperimentLocation, Located, LoggedModelLocation, RunLocation } from "../store/read/index.js";
import type { TraceLocation } from "../store/read/traces.js";
import type { Adoption } from "./adoption.js";
import { endsIn, holdsFilesElsewhere, isLocalLocation } from "./local-location.js";

/** What of a context decides about locations. */
export type Placing = Pick<StoreContext, "root" | "workspace" | "locations">;

/** An experiment, as its meta.yaml will be. */
export interface AdoptedExperiment {
  readonly experimentId: string;
  readonly artifactLocation: string;
  /** What the meta.yaml called it before, if anything. */
  readonly formerId: string | null;
}

class FieldEdits {
  readonly #fields: Record<string, YamlFields[string]> = {};
  readonly #edits: { readonly what: string; readonly why: string }[] = [];

  set(field: string, value: YamlFields[string], why: string): void {
    this.#fields[field] = value;
    this.#edits.push({ what: `${field} is ${value === "" ? "empty" : String(value)}`, why });
  }

  /** One change a field; the file is written once. Line ends that were converted become LF with it. */
  plan(adoption: Adoption, owner: Located): void {
    const path = pathOfMeta(owner);
    const before = adoption.bytesOf(path);
    const after = setYamlFields(before, this.#fields, optionsFor(path));
    for (const edit of this.#edits) adoption.edit(path, after, edit);
    if (this.#edits.length === 0 && Buffer.from(before).includes("\r\n"))
      adoption.edit(path, after, {
        what: "line ends are LF again",
        why: "something converted them to CR LF",
      });
  }
}

/** The experiment's location as it will be; null where its meta.yaml cannot be read. */
export function adoptExperimentMeta(
  adoption: Adoption,
  placing: Placing,
  experiment: ExperimentLocation,
): AdoptedExperiment | null {
  const fields = readFields(adoption, experiment);
  if (fields === null) return null;
  const { experimentId } = experiment;
  const edits = new FieldEdits();
  const formerId = fields.string("experiment_id");
  if (!isExperimentId(experimentId))
    adoption.leave(
      pathOfMeta(experiment),
      "the name of the directory is no id of an experiment: MLflow lists no experiment at all because of it",
      "Give the directory another name, of digits.",
    );
  else if (formerId !== experimentId)
    edits.set(
      "experiment_id",
      experimentId,
      "the name of the directory counts; MLflow leaves the experiment out",
    );
  if (!fields.has("name"))
    edits.set("name", experimentId, "it is lost; MLflow lists no experiment at all without it");
  adoptStage(experiment, fields, edits);
  const artifactLocation = adoptExperimentLocation({ placing, experimentId, formerId, fields, edits });
  noteForeign(adoption, experiment, artifactLocation);
  edits.plan(adoption, experiment);
  return { experimentId, artifactLocation, formerId };
}

function adoptStage({ place }: ExperimentLocation, fields: MetaFields, edits: FieldEdits): void {
  const former = fields.string("lifecycle_stage");
  if (place === "trash" && former !== "deleted")
    edits.set("lifecycle_stage", "deleted", "it lies in the trash, and MLflow tells what stands here");
  else if (former === null)
    edits.set("lifecycle_stage", "active", "it is lost; MLflow lists no experiment at all without it");
}

interface ExperimentLocationOptions {
  readonly placing: Placing;
  readonly experimentId: string;
  readonly formerId: string | null;
  readonly fields: MetaFields;
  readonly edits: FieldEdits;
}

function adoptExperimentLocation(options: ExperimentLocationOptions): string {
  const { placing, experimentId, formerId, fields, edits } = options;
  const former = fields.string("artifact_location") ?? "";
  const isDefault =
    former === "" || (isLocalLocation(former) && endsInOneOf(former, [experimentId, formerId]));
  if (!isDefault) return former;
  const now = locationInExperiment(placing, placing.locations, { experimentId, artifactLocation: "" });
  if (now !== former) edits.set("artifact_location", now, whyMoved(former, "experiment"));
  return now;
}

function endsInOneOf(location: string, names: readonly (string | null)[]): boolean {
  return names.some((name) => name !== null && endsIn(location, name));
}

function whyMoved(former: string, what: string): string {
  return former === "" ? "it is lost; MLflow needs it" : `${former} is where one machine had the ${what}`;
}

/** A location that somebody chose, on a disk that is not here. */
function noteForeign(adoption: Adoption, owner: Located, location: string): void {
  if (!isLocalLocation(location) || location.startsWith("./")) return;
  if (endsIn(location, owner.experimentId ?? "")) return;
  adoption.leave(
    pathOfMeta(owner),
    `its artifacts are said to lie in ${location}`,
    "Somebody chose that place; if the artifacts are in the store, correct artifact_location.",
  );
}

export interface RunMetaOptions {
  readonly placing: Placing;
  /** Null: its meta.yaml cannot be read, and is not made anew either. */
  readonly experiment: AdoptedExperiment | null;
}

export function adoptRunMeta(adoption: Adoption, run: RunLocation, options: RunMetaOptions): void {
  const fields = readFields(adoption, run);
  if (fields === null || !isWhole(adoption, run)) return;
  const edits = new FieldEdits();
  adoptRunIds(adoption, run, { fields, edits });
  if (!fields.has("end_time"))
    edits.set("end_time", null, "MLflow refuses the experiment's runs without the field");
  if (isNull(fields, "user_id"))
    edits.set("user_id", "", "MLflow refuses the experiment's runs without the field");
  const status = fields.choice("status", RUN_STATUSES, 1);
  if (status !== null && yamlInteger(fields.map.get("status")) === undefined)
    edits.set("status", RUN_STATUSES.indexOf(status) + 1, `MLflow reads numbers; ${status} is this one`);
  adoptArtifactUri({ adoption, run, fields, edits, ...options });
  edits.plan(adoption, run);
}

/** A file that was cut off is not made to look whole: what it lost is not known. One that names no run is damage. */
function isWhole(adoption: Adoption, run: RunLocation): boolean {
  const path = pathOfMeta(run);
  const meta = parsedOrNull(() => parseRunMeta(adoption.bytesOf(path), optionsFor(path)));
  if (meta?.startTime === null)
    adoption.leave(
      path,
      "has no start_time: it may have been cut off, and MLflow refuses it",
      "Look for the file in Git: git log -- PATH.",
    );
  return (meta?.startTime ?? null) !== null;
}

/** Null for a file that cannot be read: the scan names it. */
function parsedOrNull<T>(parse: () => T): T | null {
  try {
    return parse();
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED")) throw error;
    return null;
  }
}

function adoptRunIds(
  adoption: Adoption,
  run: RunLocation,
  { fields, edits }: { readonly fields: MetaFields; readonly edits: FieldEdits },
): void {
  const { runId, experimentId } = run;
  if (!isRunId(runId)) {
    const reason = "the name of the directory is no id of a run: MLflow does not find it";
    adoption.leave(pathOfMeta(run), reason, "Give the directory another name, of 32 hex digits.");
    return;
  }
  const ids = { run_id: fields.string("run_id"), run_uuid: fields.string("run_uuid") };
  if (ids.run_id === null) edits.set("run_id", runId, "MLflow 3 refuses the experiment's runs without it");
  else if (ids.run_id !== runId)
    edits.set("run_id", runId, `the name of the directory counts, not ${ids.run_id}`);
  if (ids.run_uuid === null)
    edits.set("run_uuid", runId, "MLflow 2 refuses the experiment's runs without it");
  else if (ids.run_uuid !== runId)
    edits.set("run_uuid", runId, `the name of the directory counts, not ${ids.run_uuid}`);
  const named = fields.string("experiment_id");
  if (named !== experimentId)
    edits.set("experiment_id", experimentId, `the experiment around the run counts, not ${named ?? "none"}`);
}

function isNull(fields: MetaFields, field: string): boolean {
  const value = fields.map.get(field);
  return value === undefined || isYamlNull(value);
}

interface ArtifactUriOptions extends RunMetaOptions {
  readonly adoption: Adoption;
  readonly run: RunLocation;
  readonly fields: MetaFields;
  readonly edits: FieldEdits;
}

function adoptArtifactUri({ adoption, run, fields, edits, placing, experiment }: ArtifactUriOptions): void {
  const former = fields.string("artifact_uri") ?? "";
  if (experiment === null || former === "" || !isLocalLocation(former)) return;
  const { runId, directory } = run;
  const ids = [run.experimentId, experiment.formerId, fields.string("experiment_id")];
  if (!ids.some((id) => id !== null && endsIn(former, id, runId, "artifacts"))) {
    if (isEmpty(join(directory, "artifacts"))) return;
    adoption.leave(
      pathOfMeta(run),
      `its artifacts are said to lie in ${former}, and some lie in the run`,
      "If those in the run are meant, correct artifact_uri.",
    );
    return;
  }
  const now = locationInExperiment(placing, placing.locations, experiment, runId, "artifacts");
  if (now === former) return;
  if (isEmpty(join(directory, "artifacts")) && holdsFilesElsewhere(former, join(directory, "artifacts")))
    adoption.leave(
      pathOfMeta(run),
      `its artifacts lie in ${former}`,
      "Move them into the run, then adopt again.",
    );
  else edits.set("artifact_uri", now, whyMoved(former, "run"));
}

function isEmpty(directory: string): boolean {
  if (statIfExists(directory)?.kind !== "directory") return true;
  return (listDirectory(directory) ?? []).every(({ name }) => isStrayEntry(name));
}

export function adoptLoggedModelMeta(
  adoption: Adoption,
  model: LoggedModelLocation,
  { placing, experiment }: RunMetaOptions,
): void {
  const fields = readFields(adoption, model);
  if (fields === null || experiment === null) return;
  const edits = new FieldEdits();
  const { modelId } = model;
  const former = fields.string("artifact_location") ?? "";
  const now = locationInExperiment(placing, placing.locations, experiment, "models", modelId, "artifacts");
  const own = join(model.directory, "artifacts");
  if (isLocalLocation(former) && endsIn(former, "models", modelId, "artifacts") && now !== former) {
    if (isEmpty(own) && holdsFilesElsewhere(former, own))
      adoption.leave(
        pathOfMeta(model),
        `its files lie in ${former}`,
        "Move them into the model, then adopt again.",
      );
    else edits.set("artifact_location", now, whyMoved(former, "model"));
  }
  edits.plan(adoption, model);
}

const TRACE_LOCATION = "tags/mlflow.artifactLocation";

/** Traces have their location in a tag of MLflow's own. */
export function adoptTraceLocation(
  adoption: Adoption,
  trace: TraceLocation,
  { placing, experiment }: RunMetaOptions,
): void {
  const file = readBytesIfExists(join(trace.directory, TRACE_LOCATION));
  if (file === null || experiment === null) return;
  const former = decodeText(file).value;
  const { traceId } = trace;
  const now = locationInExperiment(placing, placing.locations, experiment, "traces", traceId, "artifacts");
  if (!isLocalLocation(former) || !endsIn(former, "traces", traceId, "artifacts") || now === former) return;
  const path = `${trace.path}/${TRACE_LOCATION}`;
  adoption.edit(path, encodeText(now), { what: now, why: whyMoved(former, "trace") });
}

/** Null where there is none, or it cannot be read. */
function readFields(adoption: Adoption, owner: Located): MetaFields | null {
  const path = pathOfMeta(owner);
  const bytes = adoption.pendingBytes(path) ?? readBytesIfExists(join(owner.directory, META));
  if (bytes === null) return null;
  return parsedOrNull(() => MetaFields.parse(bytes, "meta.yaml", optionsFor(path)));
}

function pathOfMeta({ path }: Located): string {
  return `${path}/${META}`;
}

function optionsFor(path: string): ParseOptions & { readonly what: string } {
  return { general: parseGeneralYaml, path, what: "meta.yaml" };
}
