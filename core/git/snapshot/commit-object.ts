/** The text of a snapshot's commit (git-commit-tree(1), "Commit information"). */
import { hostname } from "node:os";
import type { Env } from "../../capture/find-program.js";
import { identity } from "../../capture/git.js";

export interface CommitContent {
  readonly tree: string;
  /** HEAD; null before the first commit. */
  readonly parent: string | null;
  readonly config: ReadonlyMap<string, string>;
  readonly env: Env;
  readonly now: Date;
}

/** Names no run: the commit is there before the run is, so that the run has its tag from the first moment. */
export const SNAPSHOT_MESSAGE = "runstone: code of a run";

export function serializeCommit({ tree, parent, config, env, now }: CommitContent): Buffer {
  const who = `${personOf(config, env)} ${Math.floor(now.getTime() / 1000)} ${zoneOf(now)}`;
  const lines = [`tree ${tree}`, ...(parent === null ? [] : [`parent ${parent}`])];
  return Buffer.from([...lines, `author ${who}`, `committer ${who}`, "", SNAPSHOT_MESSAGE, ""].join("\n"));
}

function personOf(config: ReadonlyMap<string, string>, env: Env): string {
  const { authorName, authorEmail } = identity(config, env);
  const user = env.USER || env.USERNAME || env.LOGNAME || "unknown";
  const name = clean(authorName ?? "") || clean(user) || "unknown";
  return `${name} <${clean(authorEmail ?? "") || clean(`${user}@${hostname()}`)}>`;
}

/** What Git takes out of names, since it would end them. */
function clean(text: string): string {
  return text.replace(/[<>\n\r\0]/g, "").replace(/^[\s.,:;"\\']+|[\s.,:;"\\']+$/g, "");
}

/** `+0530` */
function zoneOf(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const digits = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${digits(Math.abs(minutes) / 60)}${digits(Math.abs(minutes) % 60)}`;
}
