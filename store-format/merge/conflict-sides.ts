/** What stood on the two sides of a conflict whose marks were left in a file. */

export interface ConflictSides {
  readonly ours: Uint8Array;
  readonly theirs: Uint8Array;
  /** Null: the marks do not tell it. */
  readonly base: Uint8Array | null;
}

type Part = "both" | "ours" | "base" | "theirs";

/** Null: the marks do not make sense. Lines between conflicts are on every side. Line ends are LF. */
export function splitConflict(bytes: Uint8Array): ConflictSides | null {
  // One character a byte: whatever the encoding is.
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte))
    .join("")
    .replaceAll("\r\n", "\n");
  const sides: Record<"ours" | "base" | "theirs", string[]> = { ours: [], base: [], theirs: [] };
  let part: Part = "both";
  let conflicts = 0;
  let bases = 0;
  for (const line of text.split(/(?<=\n)/)) {
    const next = partAfter(line);
    if (next === undefined) {
      for (const side of ["ours", "base", "theirs"] as const)
        if (part === "both" || part === side) sides[side].push(line);
      continue;
    }
    if (!FOLLOWS[part].includes(next)) return null;
    if (next === "ours") conflicts += 1;
    if (next === "base") bases += 1;
    part = next;
  }
  if (part !== "both" || conflicts === 0) return null;
  const [ours, base, theirs] = [sides.ours, sides.base, sides.theirs].map(bytesOf) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  return { ours, theirs, base: bases === conflicts ? base : null };
}

const FOLLOWS: Readonly<Record<Part, readonly Part[]>> = {
  both: ["ours"],
  ours: ["base", "theirs"],
  base: ["theirs"],
  theirs: ["both"],
};

/** The part that a mark begins; undefined for a line that is none. */
function partAfter(line: string): Part | undefined {
  if (/^<{7}(?: .*)?\n?$/.test(line)) return "ours";
  if (/^\|{7}(?: .*)?\n?$/.test(line)) return "base";
  if (/^={7}\n?$/.test(line)) return "theirs";
  return /^>{7}(?: .*)?\n?$/.test(line) ? "both" : undefined;
}

function bytesOf(lines: readonly string[]): Uint8Array {
  return Uint8Array.from(lines.join(""), (character) => character.charCodeAt(0));
}
