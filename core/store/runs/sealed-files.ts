/** Which files of a run a seal covers, and as what. */
import { join } from "node:path";
import { isStrayEntry, type ManifestFileKind } from "../../../store-format/index.js";
import { isTemporaryName, listDirectory, statIfExists } from "../../fs/index.js";
import { LINKS, META } from "../layout.js";

export interface SealedFile {
  /** Relative to the run, `/` between components. */
  readonly path: string;
  readonly kind: ManifestFileKind;
}

const FOLDERS: Readonly<Record<string, ManifestFileKind>> = {
  metrics: "metric",
  params: "param",
  tags: "tag",
  inputs: "input",
  outputs: "output",
  artifacts: "artifact",
};

/** Every plain file of the record and of the artifacts; links and special files are left out. */
export function listSealedFiles(directory: string): SealedFile[] {
  const files: SealedFile[] = [];
  if (statIfExists(join(directory, META))?.kind === "file") files.push({ path: META, kind: "meta" });
  if (statIfExists(join(directory, LINKS))?.kind === "file") files.push({ path: LINKS, kind: "link" });
  for (const [folder, kind] of Object.entries(FOLDERS))
    if (statIfExists(join(directory, folder))?.kind === "directory") collect(directory, folder, kind, files);
  return files;
}

function collect(directory: string, path: string, kind: ManifestFileKind, files: SealedFile[]): void {
  for (const entry of listDirectory(join(directory, path)) ?? []) {
    const below = `${path}/${entry.name}`;
    if (isTemporaryName(entry.name) || (kind !== "artifact" && isStrayEntry(entry.name))) continue;
    if (entry.isDirectory()) collect(directory, below, kind, files);
    else if (entry.isFile()) files.push({ path: below, kind });
  }
}
