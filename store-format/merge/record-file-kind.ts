/** Which kind of record a path of a work tree holds, whatever lies before the store in it. */

export type RecordFileKind =
  | "experiment-meta"
  | "run-meta"
  | "logged-model-meta"
  | "model-version-meta"
  | "registered-model-meta"
  | "dataset-meta"
  | "input-meta"
  | "output-meta"
  | "metric-run"
  | "metric-model"
  | "links"
  | "param"
  | "tag"
  | "alias"
  | "manifest"
  | "run-ignore"
  | "receipt"
  | "trace";

/** `metrics/`, `params/`, `tags/` of a run or logged model; anything below them is a key. */
const FOLDERS: Readonly<Record<string, RecordFileKind>> = { params: "param", tags: "tag" };
const RUN_FILES: Readonly<Record<string, RecordFileKind>> = {
  "meta.yaml": "run-meta",
  "manifest.yaml": "manifest",
  "links.jsonl": "links",
  ".gitignore": "run-ignore",
};
const RUN_FOLDERS: Readonly<Record<string, RecordFileKind>> = {
  inputs: "input-meta",
  outputs: "output-meta",
};

const USUAL_EXPERIMENT = /^[0-9]{1,19}$/;
const USUAL_RUN = /^[0-9a-f]{32}$/;

/**
 * The kind of the record at `path` (`/` between components), null for artifacts and whatever else is no record. The store
 * may lie anywhere above: experiments and runs are known by the usual form of their ids, where that fails by the shape alone.
 */
export function recordFileKind(path: string): RecordFileKind | null {
  const parts = path.split("/");
  for (const isUsual of [true, false])
    for (let root = 0; root < parts.length - 1; root += 1) {
      const kind = kindBelow(parts.slice(root), isUsual);
      if (kind !== undefined) return kind;
    }
  return null;
}

/** Undefined: nothing in a store lies so. Null: an artifact. */
function kindBelow(parts: readonly string[], isUsual: boolean): RecordFileKind | null | undefined {
  const [first = "", ...rest] = parts;
  if (first === ".trash") return rest.length > 0 ? kindBelow(rest, isUsual) : undefined;
  if (first === "models") return kindInRegistry(rest);
  if (isUsual && !USUAL_EXPERIMENT.test(first)) return undefined;
  return kindInExperiment(rest, isUsual);
}

function kindInRegistry([name, folder = "", ...rest]: readonly string[]): RecordFileKind | undefined {
  if (name === undefined) return undefined;
  if (folder === "meta.yaml" && rest.length === 0) return "registered-model-meta";
  if (folder === "aliases" && rest.length > 0) return "alias";
  if (folder === "tags" && rest.length > 0) return "tag";
  if (!/^version-[1-9][0-9]*$/.test(folder)) return undefined;
  if (rest[0] === "tags" && rest.length > 1) return "tag";
  return rest.length === 1 && rest[0] === "meta.yaml" ? "model-version-meta" : undefined;
}

function kindInExperiment(
  [name = "", ...rest]: readonly string[],
  isUsual: boolean,
): RecordFileKind | null | undefined {
  const [second = ""] = rest;
  if (rest.length === 0) return name === "meta.yaml" && isUsual ? "experiment-meta" : undefined;
  if (name === "tags") return "tag";
  if (name === "datasets") return rest.length === 2 && rest[1] === "meta.yaml" ? "dataset-meta" : undefined;
  if (name === "models") return kindInLoggedModel(rest.slice(1));
  if (name === "traces") return kindInTrace(rest.slice(1));
  return isUsual && !USUAL_RUN.test(name) ? undefined : kindInRun(second, rest.slice(1));
}

function kindInRun(name: string, rest: readonly string[]): RecordFileKind | null | undefined {
  if (rest.length === 0)
    return RUN_FILES[name] ?? (/^runstone-receipt\..+\.yaml$/.test(name) ? "receipt" : undefined);
  if (name === "artifacts") return null;
  if (name === "metrics") return "metric-run";
  if (Object.hasOwn(RUN_FOLDERS, name))
    return rest.length === 2 && rest[1] === "meta.yaml" ? RUN_FOLDERS[name] : undefined;
  return Object.hasOwn(FOLDERS, name) ? FOLDERS[name] : undefined;
}

function kindInLoggedModel([name = "", ...rest]: readonly string[]): RecordFileKind | null | undefined {
  if (rest.length === 0) return name === "meta.yaml" ? "logged-model-meta" : undefined;
  if (name === "artifacts") return null;
  if (name === "metrics") return "metric-model";
  return Object.hasOwn(FOLDERS, name) ? FOLDERS[name] : undefined;
}

function kindInTrace([name = "", ...rest]: readonly string[]): RecordFileKind | null | undefined {
  if (rest.length === 0) return name === "trace_info.yaml" ? "trace" : undefined;
  if (name === "artifacts") return null;
  return ["tags", "request_metadata", "assessments"].includes(name) ? "trace" : undefined;
}
