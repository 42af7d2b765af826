/**
 * Files as Git would store them, where line endings, `$Id$` or an encoding are converted: by Git's own rules, in an index
 * of these files alone and a quarantine for the objects, which are read back and thrown away.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Repository } from "../repository.js";
import type { Change } from "./changes.js";
import { ObjectReader } from "./object-reader.js";

export interface ConversionOptions {
  readonly changes: readonly Change[];
  /** Filter drivers that would be started for them. */
  readonly filters: ReadonlySet<string>;
}

/** The bytes Git would keep, by path; a file that Git does not take is absent. */
export async function convertByGit(
  repository: Repository,
  { changes, filters }: ConversionOptions,
): Promise<ReadonlyMap<string, Buffer>> {
  const objects = join(repository.commonDir, "objects");
  // A name that `git prune` takes away when a killed process left it.
  const quarantine = await mkdtemp(join(objects, "tmp_objdir-runstone-"));
  try {
    const env = {
      GIT_INDEX_FILE: join(quarantine, "index"),
      GIT_OBJECT_DIRECTORY: quarantine,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(objects),
    };
    const off = ["-c", "core.safecrlf=false", ...[...filters].flatMap(switchedOff)];
    const git = (args: readonly string[], input: string) =>
      repository.git([...off, ...args], { env, input: Buffer.from(input, "latin1"), answers: [0, 1, 128] });
    // What the index has of a file decides whether Git converts its line endings.
    const known = changes.flatMap(({ path, indexOid, indexMode }) =>
      indexOid === null || indexMode === null ? [] : [`${indexMode} ${indexOid}\t${path}\0`],
    );
    if (known.length > 0) await git(["update-index", "-z", "--index-info"], known.join(""));
    await git(["update-index", "--add", "-z", "--stdin"], changes.map(({ path }) => `${path}\0`).join(""));
    return await readBack(repository, env, changes);
  } finally {
    await rm(quarantine, { recursive: true, force: true });
  }
}

function switchedOff(filter: string): readonly string[] {
  return ["clean=", "process=", "required=false"].flatMap((setting) => ["-c", `filter.${filter}.${setting}`]);
}

/** git(1): an alternate that begins with `"` is unquoted as in C. */
function quoted(path: string): string {
  return `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

async function readBack(
  repository: Repository,
  env: Readonly<Record<string, string>>,
  changes: readonly Change[],
): Promise<ReadonlyMap<string, Buffer>> {
  const { stdout } = await repository.git(["ls-files", "--stage", "-z"], { env });
  const before = new Map(changes.map(({ path, indexOid }) => [path, indexOid]));
  const reader = new ObjectReader({
    ...repository,
    start: (args) => repository.start(args, { env }),
  });
  const bytes = new Map<string, Buffer>();
  try {
    for (const record of stdout.toString("latin1").split("\0")) {
      const [, oid, path] = /^\d+ ([0-9a-f]+) \d\t(.*)$/s.exec(record) ?? [];
      if (oid === undefined || path === undefined || !before.has(path)) continue;
      const object = await reader.read(oid);
      if (object?.type === "blob") bytes.set(path, object.body);
    }
  } finally {
    reader.close();
  }
  return bytes;
}
