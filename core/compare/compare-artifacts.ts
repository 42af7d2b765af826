/** Artifacts compared by hash. Bytes are read only where sizes and seals cannot tell. */
import { compareCodePoints } from "../../store-format/index.js";
import type { ComparedRow } from "./compared-row.js";
import type { ArtifactDigest, RunFiles } from "./run-files.js";

/** Paths for which `leftOut` is true are not compared. */
export function compareArtifacts(
  runs: readonly RunFiles[],
  leftOut: (path: string) => boolean,
): readonly ComparedRow<ArtifactDigest>[] {
  const paths = new Set(runs.flatMap((files) => [...files.sizes.keys()]));
  return [...paths]
    .filter((path) => !leftOut(path))
    .sort(compareCodePoints)
    .map((path) => compareArtifact(runs, path));
}

function compareArtifact(runs: readonly RunFiles[], path: string): ComparedRow<ArtifactDigest> {
  const sizes = runs.map((files) => files.sizes.get(path));
  const sizesDiffer = sizes.some((size) => size !== sizes[0]);
  const values = runs.map((files) => files.digest(path, !sizesDiffer));
  const differs = sizesDiffer || values.some((value) => value?.sha256 !== values[0]?.sha256);
  return { key: path, values, differs };
}
