/** Second copies that tools which sync files make beside an entry when two machines changed it. */
import type { Dirent } from "../../fs/index.js";
import { type OnDamage, report } from "./damages.js";
import type { Located } from "./located.js";

/** `name 2`, `name (1)`, `name - Copy`, `name (conflicted copy ...)`, `name.sync-conflict-...`, before the extension or at the end. */
const COPY =
  /^(.+?)(?: \d{1,2}| ?\(\d{1,2}\)| - Copy(?: \(\d+\))?| copy(?: \d+)?| \([^()]*conflicted copy[^()]*\)|\.sync-conflict-[\w-]+)(\.[A-Za-z0-9]+)?$/i;

/** The name that this one is a second copy of, if there is an entry of that name, too. */
export function copiedName(name: string, names: ReadonlySet<string>): string | undefined {
  const found = COPY.exec(name);
  if (found === null) return undefined;
  const original = `${found[1]}${found[2] ?? ""}`;
  return names.has(original) ? original : undefined;
}

/** Reports the entries of a directory that are second copies; returns their names. */
export function reportSyncCopies(
  owner: Located,
  entries: readonly Pick<Dirent, "name">[],
  onDamage: OnDamage,
): Set<string> {
  const names = new Set(entries.map((entry) => entry.name));
  const copies = new Set<string>();
  for (const name of names) {
    const original = copiedName(name, names);
    if (original === undefined) continue;
    copies.add(name);
    report(onDamage, owner, "sync_copy", {
      name,
      reason: `looks like a second copy of ${JSON.stringify(original)}`,
    });
  }
  return copies;
}
