/**
 * What a disk may hold after a power cut. Records the file operations of this process by file (not by name) and builds
 * the trees that a crash at any point may leave: only what was synced, everything, or synced plus some of the rest.
 *
 * The rules are those of POSIX at its weakest, with renames atomic: fsync makes the bytes of a file durable, not its
 * name; fsync of a directory makes its entries durable, a rename with the directory of the new name.
 */
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Interceptor, intercept, type Operation } from "../../core/fs/index.js";
import { opensToWrite } from "./changing-operations.js";

type Event =
  | { readonly kind: "create"; readonly path: string; readonly isDirectory: boolean }
  | { readonly kind: "write"; readonly path: string; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly path: string; readonly length: number }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "rename" | "link"; readonly path: string; readonly to: string }
  | { readonly kind: "copy"; readonly path: string; readonly bytes: Uint8Array }
  | { readonly kind: "fsync" | "fsyncdir"; readonly path: string }
  | { readonly kind: "ack"; readonly path: string };

/** Records until {@link intercept} is given something else. */
export class Recorder {
  readonly events: Event[] = [];

  start(): void {
    const interceptor: Interceptor = {
      before: (operation) => this.#before(operation),
      after: (operation) => this.#after(operation),
    };
    intercept(interceptor);
  }

  ack(name: string): void {
    this.events.push({ kind: "ack", path: name });
  }

  #isNew = false;

  #before({ name, path, flags }: Operation): undefined {
    if (name === "open") this.#isNew = opensToWrite(flags) && !existsSync(path);
    return undefined;
  }

  #after({ name, path, to, bytes, length }: Operation): void {
    const add = (event: Event) => void this.events.push(event);
    if (name === "open" && this.#isNew) add({ kind: "create", path, isDirectory: false });
    else if (name === "write" && bytes !== undefined) add({ kind: "write", path, bytes: bytes.slice() });
    else if (name === "truncate") add({ kind: "truncate", path, length: length ?? 0 });
    else if (name === "mkdir") add({ kind: "create", path, isDirectory: true });
    else if (name === "unlink" || name === "rmdir") add({ kind: "remove", path });
    else if ((name === "rename" || name === "link") && to !== undefined) add({ kind: name, path, to });
    else if (name === "copy" && to !== undefined) add({ kind: "copy", path: to, bytes: readFileSync(to) });
    else if (name === "fsync" || name === "fsyncdir") add({ kind: name, path });
    if (name === "open") this.#isNew = false;
  }
}

interface File {
  readonly isDirectory: boolean;
  bytes: Uint8Array;
  durable: Uint8Array;
  /** Only what a power cut leaves of the entries; names to files. */
  readonly entries: Map<string, File>;
  readonly durableEntries: Map<string, File>;
}

type EntriesOf = (directory: File) => Map<string, File>;

interface Pending {
  /** Whose sync makes it durable. */
  readonly directory: File;
  readonly apply: (entries: EntriesOf) => void;
  /** The old name of a rename: gone when its directory is synced, whatever becomes of the new one. */
  readonly leaves?: { readonly directory: File; readonly name: string };
}

function newFile(isDirectory: boolean, bytes: Uint8Array = new Uint8Array(0)): File {
  return { isDirectory, bytes, durable: new Uint8Array(0), entries: new Map(), durableEntries: new Map() };
}

/** How the bytes that were not synced survive. */
export type Choice = (index: number) => "lost" | "kept" | "zeros" | "half";

export class PowerModel {
  readonly #top: string;
  readonly #root: File;
  #pending: Pending[] = [];

  /** `top`: a directory as it is now; all of it counts as durable. */
  constructor(top: string) {
    this.#top = top;
    this.#root = load(top);
  }

  apply(event: Event): void {
    if (event.kind === "ack") return;
    if (!event.path.startsWith(`${this.#top}/`) && event.path !== this.#top) return;
    switch (event.kind) {
      case "create":
        return this.#enter(event.path, newFile(event.isDirectory));
      case "copy":
        return this.#enter(event.path, newFile(false, event.bytes));
      case "write": {
        const file = this.#find(event.path);
        file.bytes = Buffer.concat([file.bytes, event.bytes]);
        return;
      }
      case "truncate": {
        const file = this.#find(event.path);
        file.bytes = file.bytes.slice(0, event.length);
        return;
      }
      case "link":
        return this.#enter(event.to, this.#find(event.path));
      case "rename":
        return this.#rename(event.path, event.to);
      case "remove":
        return this.#change(
          dirname(event.path),
          (entries, parent) => void entries(parent).delete(nameIn(event.path)),
        );
      case "fsync": {
        const file = this.#find(event.path);
        file.durable = file.bytes;
        return;
      }
      case "fsyncdir":
        return this.#syncDirectory(this.#find(event.path));
    }
  }

  #enter(path: string, file: File): void {
    this.#change(dirname(path), (entries, parent) => void entries(parent).set(nameIn(path), file));
  }

  #rename(from: string, to: string): void {
    const file = this.#find(from);
    const [source, target] = [this.#find(dirname(from)), this.#find(dirname(to))];
    const apply = (entries: EntriesOf) => {
      entries(source).delete(nameIn(from));
      entries(target).set(nameIn(to), file);
    };
    apply((of) => of.entries);
    this.#pending.push({ directory: target, apply, leaves: { directory: source, name: nameIn(from) } });
  }

  #change(directory: string, change: (entries: EntriesOf, parent: File) => void): void {
    const parent = this.#find(directory);
    change((of) => of.entries, parent);
    this.#pending.push({ directory: parent, apply: (entries) => change(entries, parent) });
  }

  /** What was pending in this directory is durable, in its order; other directories wait. */
  #syncDirectory(directory: File): void {
    for (const { directory: target, leaves, apply } of this.#pending) {
      if (target === directory) apply((of) => of.durableEntries);
      else if (leaves?.directory === directory) directory.durableEntries.delete(leaves.name);
    }
    this.#pending = this.#pending.filter((pending) => pending.directory !== directory);
  }

  /** What stands at a path: the same object under every name it gets. */
  thingAt(path: string): object {
    return this.#find(path);
  }

  /** Everything that has a name now, with its path below the top. */
  things(): Map<object, string> {
    const found = new Map<object, string>();
    const add = (file: File, path: string): void => {
      found.set(file, path);
      for (const [name, entry] of file.entries) add(entry, `${path}/${name}`);
    };
    add(this.#root, "");
    return found;
  }

  #find(path: string): File {
    let at = this.#root;
    const below = path.slice(this.#top.length + 1);
    for (const name of below === "" ? [] : below.split("/")) {
      const next = at.entries.get(name);
      if (next === undefined) throw new Error(`the model does not know ${path}`);
      at = next;
    }
    return at;
  }

  /** Writes one state that the disk may hold to `target`. `choose` decides on each thing that was not synced. */
  build(target: string, choose: Choice): void {
    const extra = new Map<File, Map<string, File>>();
    const entriesOf = (of: File): Map<string, File> => {
      const found = extra.get(of) ?? new Map(of.durableEntries);
      extra.set(of, found);
      return found;
    };
    let index = 0;
    for (const pending of this.#pending) {
      if (choose(index) !== "lost") pending.apply(entriesOf);
      index += 1;
    }
    const write = (file: File, path: string): void => {
      if (!file.isDirectory) return writeFileSync(path, surviving(file, choose(index++)));
      mkdirSync(path, { recursive: true });
      for (const [name, entry] of entriesOf(file)) write(entry, join(path, name));
    };
    write(this.#root, target);
  }
}

function surviving(file: File, choice: "lost" | "kept" | "zeros" | "half"): Uint8Array {
  const { bytes, durable } = file;
  if (choice === "kept" || bytes === durable) return bytes;
  if (choice === "lost") return durable;
  const common = Math.min(durable.length, bytes.length);
  if (choice === "half") return bytes.slice(0, common + ((bytes.length - common) >> 1));
  const zeros = new Uint8Array(bytes.length);
  zeros.set(bytes.subarray(0, common));
  return zeros;
}

function nameIn(path: string): string {
  return path.slice(dirname(path).length + 1);
}

function load(path: string): File {
  const isDirectory = lstatSync(path).isDirectory();
  const file = newFile(isDirectory, isDirectory ? undefined : readFileSync(path));
  file.durable = file.bytes;
  if (!isDirectory) return file;
  for (const name of readdirSync(path)) {
    const entry = load(join(path, name));
    file.entries.set(name, entry);
    file.durableEntries.set(name, entry);
  }
  return file;
}
