/**
 * The walk over a whole store that `fsck` and `dump` share: everything readable and every damage, in flat memory but for
 * the ids of runs. Order: the root's experiments, those of `.trash`, the registry; names in code-point order.
 */
import type { Place } from "../../../store-format/index.js";
import { BUILDING_SITE, statIfExists } from "../../fs/index.js";
import { REGISTRY, type StorePaths, TRASH } from "../layout.js";
import { IGNORE_DAMAGE, type OnDamage, readable, report } from "./damages.js";
import { directoriesOf, entriesOf } from "./entries.js";
import { isExperimentDirectory, isExperimentName, listExperimentLocations, PLACES } from "./experiments.js";
import { experimentOf } from "./inputs-outputs.js";
import { type ExperimentLocation, inside, type Located, placeLocation, type RunLocation } from "./located.js";
import { findLoggedModel } from "./logged-models.js";
import type { PointOptions } from "./metric-points.js";
import { scanExperiment } from "./scan-experiment.js";
import { scanRegistry } from "./scan-registry.js";
import type { StoreItem } from "./store-items.js";
import { reportSyncCopies } from "./sync-copies.js";

/**
 * Yields every readable thing of a store; damage goes to `onDamage` as it is met. Throws NOT_A_STORE when the root is
 * no directory, and typed errors when the root itself cannot be listed. Writes nothing.
 */
export function* scanStore(
  paths: StorePaths,
  tell: OnDamage,
  options: PointOptions = {},
): Generator<StoreItem> {
  const onDamage = withoutRepeats(tell);
  const experiments = [...listExperimentLocations(paths, onDamage)];
  for (const place of PLACES) scanPlace(paths, place, experiments, onDamage);
  const walk = new Walk(paths, onDamage);
  walk.checkExperiments(experiments);
  for (const experiment of experiments) {
    for (const item of scanExperiment(experiment, { ...options, ...walk.scan })) {
      if (item.kind === "experiment") walk.checkName(item.location, item.meta.name);
      yield item;
    }
  }
  yield* scanRegistry(paths, { onDamage, hasRun: (runId) => walk.hasRun(runId) });
}

/** A directory that cannot be read is told once, and not again for everything below it. */
function withoutRepeats(onDamage: OnDamage): OnDamage {
  const unreadable = new Set<string>();
  return (damage) => {
    if (damage.kind === "file_unreadable") {
      const components = damage.path.split("/");
      if (components.some((_, i) => unreadable.has(components.slice(0, i + 1).join("/")))) return;
      unreadable.add(damage.path);
    }
    onDamage(damage);
  };
}

/** What has to be known of one part of the store to judge another one. */
class Walk {
  readonly #paths: StorePaths;
  readonly #onDamage: OnDamage;
  readonly #runs = new Map<string, string>();
  readonly #names = new Map<string, string>();

  constructor(paths: StorePaths, onDamage: OnDamage) {
    this.#paths = paths;
    this.#onDamage = onDamage;
  }

  get scan() {
    return {
      onDamage: this.#onDamage,
      onRun: (runId: string, path: string) => this.#addRun(runId, path),
      hasModel: (run: RunLocation, modelId: string) => this.#hasModel(run, modelId),
    };
  }

  hasRun(runId: string): boolean {
    return this.#runs.has(runId);
  }

  checkExperiments(experiments: readonly ExperimentLocation[]): void {
    const isDefault = ({ experimentId, orphan, place }: ExperimentLocation) =>
      experimentId === "0" && !orphan && place === "root";
    const root = placeLocation(this.#paths.root, "root");
    if (!experiments.some(isDefault)) report(this.#onDamage, root, "no_default_experiment");
    const inRoot = new Set(
      experiments.filter(({ place }) => place === "root").map(({ experimentId }) => experimentId),
    );
    for (const experiment of experiments) {
      if (experiment.place === "trash" && inRoot.has(experiment.experimentId)) {
        report(this.#onDamage, experiment, "experiment_id_twice");
      }
    }
  }

  checkName(experiment: ExperimentLocation, name: string): void {
    const first = this.#names.get(name);
    if (first === undefined) this.#names.set(name, experiment.path);
    else {
      const reason = `is called ${JSON.stringify(name)}, as ${first} is`;
      report(this.#onDamage, experiment, "experiment_name_twice", { reason });
    }
  }

  #addRun(runId: string, path: string): void {
    const first = this.#runs.get(runId);
    if (first === undefined) this.#runs.set(runId, path);
    else {
      const owner: Located = { directory: "", path, runId };
      report(this.#onDamage, owner, "run_id_twice", { reason: `has the id of the run ${first}` });
    }
  }

  #hasModel(run: RunLocation, modelId: string): boolean {
    const beside = inside(inside(experimentOf(run), "models"), modelId);
    if (readable(IGNORE_DAMAGE, run, undefined, () => statIfExists(beside.directory)) !== null) return true;
    return readable(IGNORE_DAMAGE, run, undefined, () => findLoggedModel(this.#paths, modelId)) !== null;
  }
}

/** Entries of the root or of `.trash` that are no experiments. */
function scanPlace(
  paths: StorePaths,
  place: Place,
  experiments: readonly ExperimentLocation[],
  onDamage: OnDamage,
): void {
  const parent = placeLocation(paths.root, place);
  const known = new Set(
    experiments.filter((found) => found.place === place).map((found) => found.experimentId),
  );
  const entries = entriesOf(parent, onDamage);
  const copies = reportSyncCopies(parent, entries, onDamage);
  for (const entry of entries) {
    const { name } = entry;
    if (entry.isDirectory()) {
      if (!known.has(name) && !isOurs(place, name)) reportDirectory(parent, name, onDamage);
    } else if (!entry.isFile()) report(onDamage, parent, "not_a_regular_file", { name });
    else if (!copies.has(name) && !GIT_FILES.has(name))
      report(onDamage, parent, "unknown_file_in_root", { name });
  }
}

/** Git's own files, which `runstone init` and people put there; MLflow lists directories only. */
const GIT_FILES: ReadonlySet<string> = new Set([".gitattributes", ".gitignore"]);

function isOurs(place: Place, name: string): boolean {
  return place === "root" && (name === TRASH || name === REGISTRY);
}

function reportDirectory(parent: Located, name: string, onDamage: OnDamage): void {
  const directory = inside(parent, name);
  if (name === BUILDING_SITE) report(onDamage, parent, "leftover_temporary", { name });
  else if (isStore(directory)) report(onDamage, parent, "another_mlruns_inside", { name });
  else report(onDamage, parent, "unknown_directory_in_root", { name });
}

/** Whether a directory that is no experiment holds experiments. */
function isStore(directory: Located): boolean {
  return directoriesOf(directory, IGNORE_DAMAGE).some(
    (name) => isExperimentName(name) && isExperimentDirectory(inside(directory, name)),
  );
}
