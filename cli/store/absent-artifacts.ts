import { readManifest } from "../../core/store/runs/seal.js";
import { type ArtifactEntry, compareCodePoints } from "../../store-format/index.js";

const PREFIX = "artifacts/";

export interface ListedArtifact extends ArtifactEntry {
  /** The manifest has it and the directory does not: it was left out of Git, or removed. */
  readonly absent: boolean;
}

export interface Listing {
  /** Absolute path of the run's directory. */
  readonly directory: string;
  /** `""`: the top. */
  readonly path: string;
  readonly recursive: boolean;
}

/** What is there, and what the run's seal knows beside it, by path. Throws DAMAGED for a broken manifest. */
export function withAbsentArtifacts(
  entries: readonly ArtifactEntry[],
  listing: Listing,
): readonly ListedArtifact[] {
  const found = new Map<string, ListedArtifact>(
    entries.map((entry) => [entry.path, { ...entry, absent: false }]),
  );
  for (const { path, size } of readManifest(listing.directory)?.files ?? [])
    if (path.startsWith(PREFIX))
      for (const entry of entriesOnTheWay({ path: path.slice(PREFIX.length), size }, listing))
        if (!found.has(entry.path)) found.set(entry.path, { ...entry, absent: true });
  return [...found.values()].sort((a, b) => compareCodePoints(a.path, b.path));
}

/** The file and the directories above it, as far as the listing shows them. */
function entriesOnTheWay(
  file: { readonly path: string; readonly size: number },
  { path: top, recursive }: Listing,
): ArtifactEntry[] {
  const above = top === "" ? "" : `${top}/`;
  if (!file.path.startsWith(above)) return [];
  const parts = file.path.slice(above.length).split("/");
  const shown = recursive ? parts.length : 1;
  return parts.slice(0, shown).map((_, index) => {
    const path = above + parts.slice(0, index + 1).join("/");
    const isDir = index + 1 < parts.length;
    return { path, isDir, size: isDir ? null : file.size };
  });
}
