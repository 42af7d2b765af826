import glob from "fast-glob";

/** The directories that a pattern matches, by name; links are not followed. */
export async function globDirectories(pattern: string, cwd: string): Promise<readonly string[]> {
  // fast-glob takes a pattern whose only magic is `?` for a plain name.
  const magic = pattern.replaceAll("?", "[^/]");
  const paths = await glob(magic, { cwd, onlyDirectories: true, followSymbolicLinks: false, dot: true });
  return paths.sort();
}
