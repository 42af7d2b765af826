/** What `git status --porcelain=v2 --branch -z` says, as far as a run's record needs it. */
export interface GitStatus {
  /** 40 or 64 hex digits; null before the first commit. */
  readonly commit: string | null;
  /** Null when HEAD is detached. */
  readonly branch: string | null;
  /** Tracked files that differ from HEAD, in the index or in the work tree. */
  readonly changed: number;
  readonly conflicted: number;
  /** Untracked files and directories (a wholly untracked directory is one entry, its name ends in `/`). */
  readonly untracked: readonly string[];
  /** Submodules with another commit checked out, or with changes of their own. */
  readonly submodules: readonly SubmoduleState[];
}

export interface SubmoduleState {
  readonly path: string;
  readonly commitChanged: boolean;
  readonly dirty: boolean;
}

/** git-status(1), "Porcelain Format Version 2", with NUL between records; `text` is bytes as latin1. */
export function parseGitStatus(text: string): GitStatus {
  const records = text.split("\0");
  const headers = new Map<string, string>();
  const untracked: string[] = [];
  const submodules: SubmoduleState[] = [];
  let [changed, conflicted] = [0, 0];
  for (let i = 0; i < records.length; i += 1) {
    const record = records[i] ?? "";
    const kind = record[0];
    if (kind === "#") readHeader(record, headers);
    else if (kind === "?") untracked.push(record.slice(2));
    else if (kind === "1" || kind === "2" || kind === "u") {
      changed += 1;
      if (kind === "u") conflicted += 1;
      const submodule = submoduleOf(record);
      if (submodule) submodules.push(submodule);
      if (kind === "2") i += 1; // the old name of a rename is a record of its own
    }
  }
  return { ...headState(headers), changed, conflicted, untracked, submodules };
}

function readHeader(record: string, headers: Map<string, string>): void {
  const match = /^# (branch\.\w+) (.*)$/s.exec(record);
  if (match) headers.set(match[1] ?? "", utf8(match[2] ?? ""));
}

function headState(headers: ReadonlyMap<string, string>): Pick<GitStatus, "commit" | "branch"> {
  const commit = headers.get("branch.oid") ?? null;
  const branch = headers.get("branch.head") ?? null;
  return {
    commit: commit === "(initial)" ? null : commit,
    branch: branch === "(detached)" ? null : branch,
  };
}

const FIELDS_BEFORE_PATH: Readonly<Record<string, number>> = { "?": 1, "1": 8, "2": 9, u: 10 };

/** Fields: kind, XY, sub (`N...` or `S<c><m><u>`), modes and hashes (5 more for `1`, 6 for `2`, 7 for `u`), path. */
function submoduleOf(record: string): SubmoduleState | null {
  const sub = record.split(" ", 3)[2] ?? "N...";
  if (sub[0] !== "S") return null;
  return {
    path: utf8(pathOf(record)),
    commitChanged: sub[1] === "C",
    dirty: sub[2] === "M" || sub[3] === "U",
  };
}

function utf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

/** Without the records of files in a `.runstone`, at any depth. */
export function withoutRunstone(text: string): string {
  if (!text.includes(".runstone")) return text;
  return text
    .split("\0")
    .filter((record) => !pathOf(record).split("/").includes(".runstone"))
    .join("\0");
}

/** Whether nothing differs but that there are untracked directories. */
export function isDirectoriesOnly(text: string): boolean {
  const records = text.split("\0").filter((record) => record !== "" && record[0] !== "#");
  return records.length > 0 && records.every((record) => record[0] === "?" && record.endsWith("/"));
}

/** Empty for a header. Renames are off. */
function pathOf(record: string): string {
  const fields = FIELDS_BEFORE_PATH[record[0] ?? ""];
  return fields === undefined ? "" : record.split(" ").slice(fields).join(" ");
}
