/** One thing `runstone doctor` looked at. */
export interface Check {
  readonly level: "ok" | "note" | "problem";
  readonly name: string;
  readonly found: string;
  /** What to do about it. */
  readonly advice?: string;
}

export function ok(name: string, found: string): Check {
  return { level: "ok", name, found };
}

export function note(name: string, found: string, advice?: string): Check {
  return { level: "note", name, found, ...(advice === undefined ? {} : { advice }) };
}

export function problem(name: string, found: string, advice: string): Check {
  return { level: "problem", name, found, advice };
}
