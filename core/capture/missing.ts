/** A part that could not be captured, and why, in one sentence without secrets. */
export interface Missing {
  /** `git`, `git.dirty`, `packages`, `gpu`, ... */
  readonly part: string;
  readonly reason: string;
}

/** What an error says, in one short line. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.trim().split("\n")[0] ?? "").slice(0, 200) || "unknown error";
}
