/** What Git has of a store, and what it lacks: artifacts too large for it, and runs of which a rule keeps a part out. */
import { isRecordPath, runOfStorePath } from "../git/commit-runs/index.js";
import { pathInRepository } from "../git/path-in-repository.js";
import type { Repository } from "../git/repository.js";

/** A file of a run; paths are relative to the store. */
export interface TrackedArtifact {
  readonly path: string;
  /** Of its blob. */
  readonly size: number;
}

export interface GitFindings {
  /** Of the store in the work tree, empty for the work tree itself. */
  readonly storePath: string;
  /** By the path of the run: artifacts whose blobs are larger than the limit. */
  readonly large: ReadonlyMap<string, readonly TrackedArtifact[]>;
  /** By the path of the run: records that an ignore rule names, of runs that Git sees in part. */
  readonly ignored: ReadonlyMap<string, readonly string[]>;
  /** By the path of the run: params and tags with CR LF in the work tree, where Git's index has LF. */
  readonly converted: ReadonlyMap<string, readonly string[]>;
}

/** Null for a store outside of the work tree. Rejects with GIT_FAILED. */
export async function lookAtGit(
  repository: Repository,
  root: string,
  maxBytes: number,
): Promise<GitFindings | null> {
  const storePath = pathInRepository(repository, root);
  if (storePath === null) return null;
  const look = new StoreInGit(repository, storePath);
  return {
    ...{ storePath, large: await look.large(maxBytes) },
    ...{ ignored: await look.ignored(), converted: await look.converted() },
  };
}

class StoreInGit {
  readonly #repository: Repository;
  readonly #storePath: string;

  constructor(repository: Repository, storePath: string) {
    this.#repository = repository;
    this.#storePath = storePath;
  }

  async large(maxBytes: number): Promise<Map<string, TrackedArtifact[]>> {
    const entries = (await this.#list(["--stage"])).flatMap(({ line, path }) => {
      const [mode = "", oid = ""] = line.split(" ");
      return mode.startsWith("100") && isArtifact(path) ? [{ path, oid }] : [];
    });
    const sizes = await this.#sizes(entries.map(({ oid }) => oid));
    const found = new Map<string, TrackedArtifact[]>();
    for (const [at, { path }] of entries.entries()) {
      const size = sizes[at] ?? 0;
      if (size > maxBytes) push(found, runPathOf(path), { path, size });
    }
    return found;
  }

  async ignored(): Promise<Map<string, string[]>> {
    const standard = ["--exclude-standard"];
    const hidden = await this.#list(["--others", "--ignored", ...standard]);
    const found = new Map<string, string[]>();
    for (const { path } of hidden) if (isRecordPath(path)) push(found, runPathOf(path), path);
    if (found.size === 0) return found;
    const seen = new Set(
      (await this.#list(["--cached", "--others", ...standard])).map(({ path }) => runPathOf(path)),
    );
    return new Map([...found].filter(([run]) => run !== "" && seen.has(run)));
  }

  async converted(): Promise<Map<string, string[]>> {
    const found = new Map<string, string[]>();
    for (const { line, path } of await this.#list(["--eol"])) {
      const isValue = /^(?:params|tags)\//.test(runOfStorePath(path)?.rest ?? "");
      if (isValue && /^i\/lf\s+w\/(?:crlf|mixed)\s/.test(line)) push(found, runPathOf(path), path);
    }
    return found;
  }

  /** What stands before the path in each line, and the path relative to the store. */
  async #list(args: readonly string[]): Promise<{ readonly line: string; readonly path: string }[]> {
    const within = this.#storePath === "" ? "." : this.#storePath;
    const text = await this.#repository.text([
      "--literal-pathspecs",
      "ls-files",
      "-z",
      ...args,
      "--",
      within,
    ]);
    const prefix = this.#storePath === "" ? "" : `${this.#storePath}/`;
    return text.split("\0").flatMap((entry) => {
      const tab = args.includes("--stage") || args.includes("--eol") ? entry.indexOf("\t") : -1;
      const path = entry.slice(tab + 1);
      return path.startsWith(prefix) && path !== ""
        ? [{ line: entry.slice(0, Math.max(tab, 0)), path: path.slice(prefix.length) }]
        : [];
    });
  }

  /** Undefined for an object that is not here (a partial clone). */
  async #sizes(oids: readonly string[]): Promise<(number | undefined)[]> {
    if (oids.length === 0) return [];
    const answer = await this.#repository.text(["cat-file", "--batch-check=%(objectsize)"], {
      input: `${oids.join("\n")}\n`,
    });
    return answer.split("\n").map((line) => (/^\d+$/.test(line) ? Number(line) : undefined));
  }
}

function isArtifact(path: string): boolean {
  return runOfStorePath(path)?.rest.startsWith("artifacts/") === true;
}

/** Empty for what belongs to no run. */
function runPathOf(path: string): string {
  const of = runOfStorePath(path);
  return of === null ? "" : path.slice(0, path.length - of.rest.length - 1);
}

function push<T>(map: Map<string, T[]>, key: string, item: T): void {
  const items = map.get(key);
  if (items === undefined) map.set(key, [item]);
  else items.push(item);
}
