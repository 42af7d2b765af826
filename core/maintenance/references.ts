/** Which objects the manifests of a store name. Read twice by a gc: the second time only what changed since the first. */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { MAX_MANIFEST_BYTES, parseManifest } from "../../store-format/index.js";
import { type FileStat, followedStatIfExists, readBytesIfExists } from "../fs/index.js";
import { MANIFEST } from "../store/layout.js";
import { orUnreadable, possibleRunDirectories, type Unreadable } from "./run-directories.js";

export class References {
  readonly #root: string;
  readonly #without: ReadonlySet<string>;
  /** What each manifest looked like when it was read. */
  readonly #seen = new Map<string, string>();

  /** `without`: directories of runs and experiments that do not count. */
  constructor(root: string, without: ReadonlySet<string>) {
    this.#root = root;
    this.#without = without;
  }

  /**
   * Calls `onObject` (SHA-256, lower-case hex) for each object that a manifest names, also more than once. Manifests
   * that this reader saw before, unchanged, are passed over. Returns what could not be read; throws NOT_A_STORE.
   */
  read(onObject: (sha256: string) => void): Unreadable[] {
    const unreadable: Unreadable[] = [];
    const onUnreadable = (place: Unreadable) => void unreadable.push(place);
    for (const directory of possibleRunDirectories(this.#root, onUnreadable)) {
      if (this.#without.has(directory) || this.#without.has(dirname(directory))) continue;
      const path = join(directory, MANIFEST);
      orUnreadable(path, onUnreadable, () => this.#readManifest(path, onObject));
    }
    return unreadable;
  }

  #readManifest(path: string, onObject: (sha256: string) => void): void {
    const look = fingerprint(followedStatIfExists(path));
    if (look === null || this.#seen.get(path) === look) return;
    for (const sha256 of objectsNamedBy(path)) onObject(sha256);
    this.#seen.set(path, look);
  }
}

/** Throws DAMAGED, FORMAT_TOO_NEW and I/O errors. */
function objectsNamedBy(path: string): string[] {
  const bytes = readBytesIfExists(path, MAX_MANIFEST_BYTES);
  if (bytes === null) return [];
  return parseManifest(bytes, sha256Of)
    .files.filter(({ kind, content }) => kind === "artifact" && content !== "none" && content !== "absent")
    .map((file) => file.sha256);
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function fingerprint(found: FileStat | null): string | null {
  return found && `${found.inode} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
}
