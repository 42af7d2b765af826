/** Where the files of model versions lie: in a run or logged model of this store, whatever machine wrote the path down. */
import { join } from "node:path";
import { isRunstoneError, MetaFields, setYamlFields } from "../../store-format/index.js";
import { readBytesIfExists, statIfExists } from "../fs/index.js";
import { locationInExperiment } from "../store/artifact-location.js";
import { META } from "../store/layout.js";
import { parseGeneralYaml } from "../store/read/general-yaml.js";
import type { ModelVersionLocation } from "../store/read/registry.js";
import type { Adoption } from "./adoption.js";
import { isLocalLocation } from "./local-location.js";
import type { AdoptedExperiment, Placing } from "./meta-files.js";

/** A run or logged model that has artifacts. */
export interface ArtifactHome {
  /** Absolute. */
  readonly directory: string;
  readonly experiment: AdoptedExperiment;
  /** Of its directory, from that of the experiment. */
  readonly below: readonly string[];
}

export interface VersionOptions {
  readonly placing: Placing;
  /** By id. */
  readonly homes: ReadonlyMap<string, ArtifactHome>;
}

const FIELDS = ["source", "storage_location"];

/** Points `source` and `storage_location` here, where what they name is here. */
export function adoptVersionLocations(
  adoption: Adoption,
  version: ModelVersionLocation,
  options: VersionOptions,
): void {
  const path = `${version.path}/${META}`;
  const bytes = adoption.pendingBytes(path) ?? readBytesIfExists(join(version.directory, META));
  const parsing = { general: parseGeneralYaml, path, what: "meta.yaml" };
  const fields = bytes === null ? null : fieldsOrNull(() => MetaFields.parse(bytes, "meta.yaml", parsing));
  if (fields === null) return;
  for (const field of FIELDS) {
    const former = fields.string(field);
    const now = former === null ? null : placeHere(former, options);
    if (now === null || now === former) continue;
    const after = setYamlFields(adoption.bytesOf(path), { [field]: now }, parsing);
    const why = `${former} is where one machine had the files`;
    adoption.edit(path, after, { what: `${field} is ${now}`, why });
  }
}

/** Null for what names nothing that is here. */
function placeHere(location: string, { placing, homes }: VersionOptions): string | null {
  if (!isLocalLocation(location)) return null;
  const parts = location.split(/[\\/]+/u);
  const at = parts.findIndex((part, i) => part === "artifacts" && homes.has(parts[i - 1] ?? ""));
  const home = homes.get(parts[at - 1] ?? "");
  if (at < 0 || home === undefined) return null;
  const rest = parts.slice(at + 1).filter((part) => part !== "");
  const names = rest.map(decoded);
  if (names.some((name) => name === null || name === "." || name === ".." || /[\\/\0]/.test(name)))
    return null;
  if (statIfExists(join(home.directory, "artifacts", ...(names as string[]))) === null) return null;
  return locationInExperiment(
    placing,
    placing.locations,
    home.experiment,
    ...home.below,
    "artifacts",
    ...rest,
  );
}

/** MLflow decodes locations with and without a scheme. */
function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return null;
  }
}

function fieldsOrNull(parse: () => MetaFields): MetaFields | null {
  try {
    return parse();
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED")) throw error;
    return null;
  }
}
