/** What differs from HEAD, as `git status --porcelain=v2 -z` says; names byte by byte as latin1. */

export interface Change {
  readonly path: string;
  /**
   * `file`: as it is in the work tree. `staged`: as in the index, which the work tree equals or leaves out (sparse).
   * `deleted`: not there any more. `submodule`: a commit checked out. `untracked`: in no index.
   */
  readonly kind: "file" | "staged" | "deleted" | "submodule" | "untracked";
  /** Git's mode of it now, six digits; null for untracked files. */
  readonly mode: string | null;
  /** The blob in the index, the commit of a submodule. */
  readonly indexOid: string | null;
  readonly indexMode: string | null;
  readonly headOid: string | null;
  /** Of a submodule: another commit is checked out than the index records. */
  readonly moved: boolean;
}

export interface WorkTreeStatus {
  /** HEAD's commit; null before the first one. */
  readonly head: string | null;
  readonly changes: readonly Change[];
  /** Untracked directories of which Git told only the name. */
  readonly directories: readonly string[];
}

const GITLINK = "160000";
const ABSENT = "000000";

/** git-status(1), "Porcelain Format Version 2", with NUL between records; `text` is latin1. Renames must be off. */
export function parseChanges(text: string): WorkTreeStatus {
  const changes: Change[] = [];
  const directories: string[] = [];
  let head: string | null = null;
  for (const record of text.split("\0")) {
    const kind = record[0];
    if (kind === "1" || kind === "u") changes.push(kind === "1" ? changed(record) : conflicted(record));
    else if (record.startsWith("# branch.oid ")) head = oidOf(record.slice(13));
    else if (kind === "?" && record.endsWith("/")) directories.push(record.slice(2));
    else if (kind === "?") changes.push(untracked(record.slice(2)));
  }
  return { head, changes, directories };
}

export function untracked(path: string): Change {
  const nothing = { mode: null, indexOid: null, indexMode: null, headOid: null };
  return { path, kind: "untracked", ...nothing, moved: false };
}

/** `1 XY sub mH mI mW hH hI path`. */
function changed(record: string): Change {
  const [, xy = "", sub = "", , mI = "", mW = "", hH = "", hI = "", ...name] = record.split(" ");
  const now = xy[1] === "." ? mI : mW;
  const known = { path: name.join(" "), indexOid: oidOf(hI), indexMode: modeOf(mI), headOid: oidOf(hH) };
  return { ...known, ...stateOf({ now, sub, isStaged: xy[1] === "." }) };
}

/** `u XY sub m1 m2 m3 mW h1 h2 h3 path`: stage 2 is ours, HEAD's as a rule. */
function conflicted(record: string): Change {
  const [, , sub = "", , m2 = "", , mW = "", , h2 = "", , ...name] = record.split(" ");
  const known = { path: name.join(" "), indexOid: oidOf(h2), indexMode: modeOf(m2), headOid: oidOf(h2) };
  return { ...known, ...stateOf({ now: mW, sub, isStaged: false }) };
}

interface State {
  readonly now: string;
  readonly sub: string;
  readonly isStaged: boolean;
}

function stateOf({ now, sub, isStaged }: State): Pick<Change, "kind" | "mode" | "moved"> {
  const rest = { mode: modeOf(now), moved: sub[1] === "C" };
  if (now === ABSENT) return { kind: "deleted", ...rest };
  if (now === GITLINK) return { kind: "submodule", ...rest };
  return { kind: isStaged ? "staged" : "file", ...rest };
}

function modeOf(mode: string): string | null {
  return mode === ABSENT ? null : mode;
}

function oidOf(text: string): string | null {
  return /^(?=.*[1-9a-f])(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text) ? text : null;
}
