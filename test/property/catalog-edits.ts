/** Random edits of experiments and of the model registry, by the interface that every store has. */
import type { TrackingStore } from "../../core/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";

export type Side = 0 | 1;

const NAMES = ["wine", "beer"];
const KEYS = ["x", "y"];
const VALUES = ["1", "2", "3"];
const STAGES = ["None", "Staging", "Production"];

const EXPERIMENT_EDITS = [
  ...["make experiment", "rename experiment", "tag experiment", "untag experiment"],
  ...["delete experiment", "restore experiment"],
] as const;
const MODEL_EDITS = ["make model", "delete model", "describe model", "tag model", "untag model"] as const;
const VERSION_EDITS = [
  ...["make version", "delete version", "describe version", "tag version", "untag version", "stage version"],
  ...["make model", "set alias", "delete alias"],
] as const;
const EDITS = [...EXPERIMENT_EDITS, ...MODEL_EDITS, ...VERSION_EDITS] as const;

export interface CatalogEdit {
  readonly type: "edit";
  readonly side: Side;
  readonly what: (typeof EDITS)[number];
  /** Which experiment, model or version, of those that the side has. */
  readonly which: number;
  readonly name: string;
  readonly key: string;
  readonly value: string;
  readonly stage: string;
}

export interface CatalogSyncStep {
  readonly type: "sync";
  readonly direction: "push" | "pull" | "both";
  readonly includeDeleted: boolean;
}

export type CatalogStep = CatalogEdit | CatalogSyncStep;

function edits(kinds: readonly (typeof EDITS)[number][]): fc.Arbitrary<CatalogEdit> {
  return fc.record({
    type: fc.constant("edit" as const),
    side: fc.constantFrom<Side>(0, 1),
    what: fc.constantFrom(...kinds),
    which: fc.nat(5),
    name: fc.constantFrom(...NAMES),
    key: fc.constantFrom(...KEYS),
    value: fc.constantFrom(...VALUES),
    stage: fc.constantFrom(...STAGES),
  });
}

const syncStep: fc.Arbitrary<CatalogSyncStep> = fc.record({
  type: fc.constant("sync" as const),
  direction: fc.constantFrom("push", "pull", "both", "both"),
  includeDeleted: fc.boolean(),
});

function stepsOf(kinds: readonly (typeof EDITS)[number][]): fc.Arbitrary<CatalogStep[]> {
  const step = fc.oneof({ weight: 3, arbitrary: edits(kinds) }, { weight: 1, arbitrary: syncStep });
  return fc.array(step, { minLength: 4, maxLength: 40, size: "large" });
}

/** Of one kind mostly, so that much is done to each thing. */
export const catalogSteps: fc.Arbitrary<CatalogStep[]> = fc.oneof(
  ...[EXPERIMENT_EDITS, [...MODEL_EDITS, ...VERSION_EDITS], VERSION_EDITS, EDITS].map(stepsOf),
);

/** What a store refuses is not done. */
export async function applyEdit(store: TrackingStore, step: CatalogEdit): Promise<void> {
  try {
    if (step.what.endsWith("experiment")) await editExperiment(store, step);
    else if (step.what.endsWith("model")) await editModel(store, step);
    else await editVersion(store, step);
  } catch (error) {
    if (!isRunstoneError(error)) throw error;
  }
}

async function editExperiment(store: TrackingStore, step: CatalogEdit): Promise<void> {
  const { what, name, key, value } = step;
  if (what === "make experiment")
    return void (await store.createExperiment({ name, tags: { [key]: value } }));
  const all = [...(await store.listExperiments("all"))].sort((a, b) => (a.name < b.name ? -1 : 1));
  const experimentId = all[step.which % Math.max(1, all.length)]?.experimentId;
  if (experimentId === undefined) return;
  if (what === "rename experiment") await store.renameExperiment(experimentId, name);
  if (what === "tag experiment") await store.setExperimentTags(experimentId, { [key]: value });
  if (what === "untag experiment") await store.deleteExperimentTag(experimentId, key);
  if (what === "delete experiment") await store.deleteExperiment(experimentId);
  if (what === "restore experiment") await store.restoreExperiment(experimentId);
}

async function editModel(store: TrackingStore, { what, name, key, value }: CatalogEdit): Promise<void> {
  if (what === "make model") await store.createRegisteredModel(name, { tags: { [key]: value } });
  if (what === "delete model") await store.deleteRegisteredModel(name);
  if (what === "describe model") await store.updateRegisteredModel(name, value);
  if (what === "tag model") await store.setRegisteredModelTags(name, { [key]: value });
  if (what === "untag model") await store.deleteRegisteredModelTag(name, key);
}

async function editVersion(store: TrackingStore, step: CatalogEdit): Promise<void> {
  const { what, name, key, value, stage } = step;
  if (what === "make version")
    return void (await store.createModelVersion({ name, source: "s3://models/net", tags: { [key]: value } }));
  if (what === "delete alias") return store.deleteAlias(name, key);
  const versions = [...(await store.listModelVersions(name))].sort((a, b) => a.version - b.version);
  const version = versions[step.which % Math.max(1, versions.length)]?.version;
  if (version === undefined) return;
  if (what === "set alias") await store.setAlias(name, key, version);
  if (what === "delete version") await store.deleteModelVersion(name, version);
  if (what === "describe version") await store.updateModelVersion(name, version, value);
  if (what === "tag version") await store.setModelVersionTags(name, version, { [key]: value });
  if (what === "untag version") await store.deleteModelVersionTag(name, version, key);
  if (what === "stage version") await store.transitionStage(name, version, stage);
}
