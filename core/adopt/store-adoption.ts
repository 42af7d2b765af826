/** What one store needs, part by part. */
import { dirname, join, relative } from "node:path";
import {
  type Damage,
  type DamageKind,
  isExperimentId,
  isRunstoneError,
  serializeExperimentMeta,
} from "../../store-format/index.js";
import { readBytesIfExists, statIfExists } from "../fs/index.js";
import { isBusy, type RepairAction, repair } from "../maintenance/repair.js";
import { artifactLocation } from "../store/artifact-location.js";
import type { StoreContext } from "../store/context.js";
import { DEFAULT_EXPERIMENT_ID, DEFAULT_EXPERIMENT_NAME } from "../store/experiments/index.js";
import { MANIFEST, META } from "../store/layout.js";
import { listExperimentLocations } from "../store/read/experiments.js";
import {
  type ExperimentLocation,
  findExperimentsByName,
  IGNORE_DAMAGE,
  type RunLocation,
  scanStore,
} from "../store/read/index.js";
import { listLoggedModelLocations } from "../store/read/logged-models.js";
import { listModelVersionLocations, listRegisteredModelLocations } from "../store/read/registry.js";
import { runsOf } from "../store/read/runs.js";
import { listTraceLocations } from "../store/read/traces.js";
import { isManifestDamaged, resealAfterEdit } from "../store/runs/seal.js";
import { assertWritableRun } from "../store/writable.js";
import { makeWorkspaceFiles, missingWorkspaceFiles } from "../workspace/init-workspace.js";
import type { Adoption } from "./adoption.js";
import type { AdoptChange, AdoptReport, LeftAlone } from "./change.js";
import { type MendOptions, mendDamages } from "./damaged-records.js";
import {
  type AdoptedExperiment,
  adoptExperimentMeta,
  adoptLoggedModelMeta,
  adoptRunMeta,
  adoptTraceLocation,
} from "./meta-files.js";
import { type ArtifactHome, adoptVersionLocations } from "./version-locations.js";
import { BY_REPAIR, changeOf, HINTS, NAMED, WORKSPACE_FILES } from "./words.js";

type Outcome = Pick<AdoptReport, "changes" | "leftAlone" | "failures" | "keptIn">;

export class StoreAdoption {
  readonly #context: StoreContext;
  readonly #workspace: string;
  readonly #adoption: Adoption;
  readonly #options: MendOptions;
  /** Relative paths of what is made anew, or must be left to others. */
  readonly #settled = new Set<string>();
  readonly #busy = new Set<string>();
  readonly #sealed: RunLocation[] = [];
  readonly #homes = new Map<string, ArtifactHome>();
  #damages: readonly Damage[] = [];

  constructor(context: StoreContext, adoption: Adoption, options: MendOptions) {
    this.#context = context;
    this.#workspace = context.workspace ?? dirname(context.root);
    this.#adoption = adoption;
    this.#options = options;
  }

  report(): Pick<AdoptReport, "root" | "workspace"> {
    return { root: this.#context.root, workspace: this.#workspace };
  }

  plan(): void {
    this.#planWorkspace();
    this.#damages = scanDamages(this.#context);
    const experiments = [...listExperimentLocations(this.#context, IGNORE_DAMAGE)];
    const runs = experiments.flatMap((experiment) => [...runsOf(experiment, IGNORE_DAMAGE)]);
    for (const run of runs) this.#lookAt(run);
    mendDamages(
      this.#adoption,
      this.#damages.filter(({ path }) => !this.#isBusy(path)),
      this.#options,
    );
    for (const experiment of experiments) this.#planExperiment(experiment);
    this.#planRegistry();
    for (const run of runs) if (this.#isToBeSealed(run)) this.#sealed.push(run);
  }

  planned(): Outcome {
    const { planned, leftAlone } = this.#adoption;
    const repaired = repair(this.#context, { dryRun: true });
    const isOurs = (path: string): boolean => this.#adoption.isChanged(path) || this.#settled.has(path);
    const mended = placesOf(repaired.actions);
    const left = this.#damages.filter(
      ({ kind, path }) => !isOurs(path) && !(BY_REPAIR.has(kind) && mended.has(path)),
    );
    const changes = [...planned, ...this.#sealed.map(sealedAnew)];
    return {
      changes: [...changes, ...repaired.actions.filter(({ path }) => !isOurs(path)).map(changeOf)],
      leftAlone: [...leftAlone, ...this.#leftOf(left)],
      failures: repaired.failures.filter(({ path }) => !this.#adoption.isEditedBelow(path)),
      keptIn: planned.some(({ kept }) => kept) ? this.#adoption.keptIn : null,
    };
  }

  apply(): Outcome {
    const adoption = this.#adoption;
    adoption.apply();
    const sealed = this.#sealed.filter((run) =>
      adoption.attempt(run.path, () => resealAfterEdit(this.#context, run)),
    );
    const repaired = repair(this.#context);
    return {
      changes: [...adoption.done, ...sealed.map(sealedAnew), ...repaired.actions.map(changeOf)],
      leftAlone: [...adoption.leftAlone, ...this.#leftOf(scanDamages(this.#context))],
      failures: [...adoption.failures, ...repaired.failures],
      keptIn: adoption.done.some(({ kept }) => kept) ? adoption.keptIn : null,
    };
  }

  #planWorkspace(): void {
    const { root } = this.#context;
    const store = relative(this.#workspace, root);
    const missing = missingWorkspaceFiles(this.#workspace, root);
    let made = false;
    for (const { path, why } of missing.map((file) => WORKSPACE_FILES[file]))
      this.#adoption.plan({ path, what: "made", why }, () => {
        if (!made) makeWorkspaceFiles(this.#workspace, store);
        made = true;
      });
    if (!missing.includes("attributes")) this.#orNull(".gitattributes", () => this.#checkAttributes());
  }

  #checkAttributes(): void {
    const bytes = readBytesIfExists(join(this.#context.root, ".gitattributes"));
    if (
      bytes !== null &&
      /^\*\*?(?:\/\*)?[ \t].*(?:-text|binary)/m.test(Buffer.from(bytes).toString("latin1"))
    )
      return;
    this.#adoption.leave(
      ".gitattributes",
      "does not say `* -text`: Git may convert line ends, which changes values",
      "Put `* -text` in.",
    );
  }

  #lookAt(run: RunLocation): void {
    const refused = refusalOf(() => assertWritableRun(run));
    if (refused === null && !isBusy(run)) return;
    this.#busy.add(run.path);
    this.#adoption.leave(
      run.path,
      refused ?? "something writes into it",
      refused === null ? "Adopt it when that has ended." : "",
    );
  }

  #isBusy(path: string): boolean {
    return [...this.#busy].some((run) => path === run || path.startsWith(`${run}/`));
  }

  #planExperiment(experiment: ExperimentLocation): void {
    const placing = this.#context;
    const adopted = this.#orNull(experiment.path, () => this.#adoptExperiment(experiment));
    for (const run of runsOf(experiment, IGNORE_DAMAGE))
      if (!this.#isBusy(run.path))
        this.#orNull(run.path, () => adoptRunMeta(this.#adoption, run, { placing, experiment: adopted }));
    const options = { placing, experiment: adopted };
    if (adopted !== null) this.#addHomes(experiment, adopted);
    for (const model of listLoggedModelLocations(experiment, IGNORE_DAMAGE))
      this.#orNull(model.path, () => adoptLoggedModelMeta(this.#adoption, model, options));
    for (const trace of listTraceLocations(experiment, IGNORE_DAMAGE))
      this.#orNull(trace.path, () => adoptTraceLocation(this.#adoption, trace, options));
  }

  #addHomes(location: ExperimentLocation, experiment: AdoptedExperiment): void {
    for (const { runId, directory } of runsOf(location, IGNORE_DAMAGE))
      this.#homes.set(runId, { directory, experiment, below: [runId] });
    for (const { modelId, directory } of listLoggedModelLocations(location, IGNORE_DAMAGE))
      this.#homes.set(modelId, { directory, experiment, below: ["models", modelId] });
  }

  #planRegistry(): void {
    const options = { placing: this.#context, homes: this.#homes };
    for (const model of listRegisteredModelLocations(this.#context, IGNORE_DAMAGE))
      for (const version of listModelVersionLocations(model, IGNORE_DAMAGE))
        this.#orNull(version.path, () => adoptVersionLocations(this.#adoption, version, options));
  }

  #adoptExperiment(experiment: ExperimentLocation): AdoptedExperiment | null {
    if (statIfExists(join(experiment.directory, META)) !== null)
      return adoptExperimentMeta(this.#adoption, this.#context, experiment);
    return isExperimentId(experiment.experimentId) ? this.#remakeExperiment(experiment) : null;
  }

  /** Runs without an experiment are invisible to MLflow. What the experiment was called is lost. */
  #remakeExperiment({ experimentId, path, place }: ExperimentLocation): AdoptedExperiment {
    const isDefault =
      experimentId === DEFAULT_EXPERIMENT_ID &&
      findExperimentsByName(this.#context, DEFAULT_EXPERIMENT_NAME).length === 0;
    const name = isDefault ? DEFAULT_EXPERIMENT_NAME : experimentId;
    const location = artifactLocation(this.#context, this.#context.locations, experimentId);
    const meta = serializeExperimentMeta({
      ...{ experimentId, name, artifactLocation: location, creationTime: null, lastUpdateTime: null },
      lifecycleStage: place === "trash" ? "deleted" : "active",
    });
    const why = isDefault
      ? "it is lost; MLflow does not see the experiment without it"
      : "it is lost, and the name in it; `runstone experiments rename` gives another one";
    this.#adoption.create(`${path}/${META}`, Buffer.from(meta), { what: `made, with the name ${name}`, why });
    this.#settled.add(path);
    return { experimentId, artifactLocation: location, formerId: null };
  }

  #isToBeSealed(run: RunLocation): boolean {
    const isSealed = statIfExists(join(run.directory, MANIFEST)) !== null;
    return isSealed && !isManifestDamaged(run.directory) && this.#adoption.isEditedBelow(run.path);
  }

  /** A file that cannot be read is damage, which is named as such. */
  #orNull<T>(path: string, call: () => T): T | null {
    try {
      return call();
    } catch (error) {
      if (!isRunstoneError(error)) throw error;
      this.#adoption.leave(path, error.message, error.hint ?? "");
      return null;
    }
  }

  #leftOf(damages: readonly Damage[]): LeftAlone[] {
    const known = new Set(this.#adoption.leftAlone.map(({ path }) => path));
    const left = damages.filter(
      ({ kind, severity, path }) => (severity !== "note" || NAMED.has(kind)) && !known.has(path),
    );
    return left.map(({ kind, path, reason }) => ({ path, reason, hint: HINTS[kind as DamageKind] ?? "" }));
  }
}

/** The paths of these actions, of the directories they lie in, and of the root. */
function placesOf(actions: readonly RepairAction[]): ReadonlySet<string> {
  return new Set(
    actions.flatMap(({ path }) => [path, path.slice(0, Math.max(path.lastIndexOf("/"), 0)) || "."]),
  );
}

function scanDamages(context: StoreContext): Damage[] {
  const damages: Damage[] = [];
  for (const _ of scanStore(context, (damage) => damages.push(damage)));
  return damages;
}

function sealedAnew({ path }: RunLocation): AdoptChange {
  return { path: `${path}/${MANIFEST}`, what: "sealed anew", why: "files of the run changed", kept: false };
}

/** The message of the error that the call throws; null when it throws none. */
function refusalOf(call: () => void): string | null {
  try {
    call();
    return null;
  } catch (error) {
    if (!isRunstoneError(error)) throw error;
    return error.message;
  }
}
