/** Output of commands whose wrapper was killed: where it waits, and what brings it in. */
import { isSameProcessAlive } from "../../core/capture/process-identity.js";
import { findSpools, type Spool } from "../../core/process/spool.js";
import type { Environment } from "../context.js";
import { spoolBases } from "../run/spool-bases.js";
import { type Check, note, ok } from "./check.js";

const SHOWN = 3;

/** Looks at the spools of this user on this host, of every store. */
export function checkSpools(env: Environment): readonly Check[] {
  const bases = spoolBases(env);
  const unreadable: Check[] = [];
  const tell = (error: unknown): void => void unreadable.push(note("output", String(error)));
  const left = bases.flatMap((base) => findSpools(base, "", tell)).filter(isLeft);
  return [...unreadable, ...checkLeft(left, bases[0] ?? "")];
}

function checkLeft(left: readonly Spool[], base: string): readonly Check[] {
  if (left.length === 0) return [ok("output", `spools lie in ${base}; none is left over`)];
  const shown = left
    .slice(0, SHOWN)
    .map(({ facts }) => `runstone --store ${facts.root} resume ${facts.runId}`);
  const more = left.length > SHOWN ? [`and ${left.length - SHOWN} more`] : [];
  return [note("output", `${left.length} runs lack output of theirs`, [...shown, ...more].join("; "))];
}

/** A command that still runs may be followed by a wrapper that lives. */
function isLeft({ facts: { child } }: Spool): boolean {
  return child === undefined || !isSameProcessAlive(child);
}
