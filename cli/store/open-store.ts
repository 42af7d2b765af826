/** Opens the store a command works on: `--store`, RUNSTONE_STORE, or the one of the workspace around `cwd`. */
import { fileURLToPath } from "node:url";
import type { FileStore } from "../../core/store/file-store.js";
import { openFileStore } from "../../core/store/open-store.js";
import { type Damage, RunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { visible } from "../output/visible.js";

export interface OpenStore {
  readonly store: FileStore;
  /** For the readers of core that are called beside the store. */
  readonly onDamage: (damage: Damage) => void;
}

/**
 * Damage met on the way is told on stderr. Throws NO_WORKSPACE, NOT_A_STORE, UNSUPPORTED (no such scheme),
 * PERMISSION_DENIED.
 */
export function openStore(context: CommandContext): OpenStore {
  const notes = new DamageNotes(context);
  return openTelling(context, (damage) => notes.add(damage));
}

/** As {@link openStore}, for commands that report damage themselves. */
export function openStoreQuietly(context: CommandContext): OpenStore {
  return openTelling(context, () => undefined);
}

function openTelling(context: CommandContext, onDamage: OpenStore["onDamage"]): OpenStore {
  const path = storePath(context);
  const store = openFileStore({
    cwd: context.cwd,
    ...(path === undefined ? {} : { path }),
    now: context.now,
    warn: (message) => context.err.line(`runstone: ${visible(message)}`),
    onDamage,
  });
  return { store, onDamage };
}

/** The path the user named, or undefined: the workspace decides. */
export function storePath(context: CommandContext): string | undefined {
  const given = context.store ?? (context.env.RUNSTONE_STORE || undefined);
  if (given === undefined || !/^[a-z][a-z0-9+.-]+:/i.test(given)) return given;
  if (/^file:/i.test(given)) return pathOf(given);
  throw new RunstoneError(
    "UNSUPPORTED",
    `cannot open ${withoutCredentials(given)}: only directories are supported`,
    {
      hint: "Give the path of an mlruns directory.",
    },
  );
}

/** MLflow also writes `file:mlruns` and `file:./mlruns`. */
function pathOf(uri: string): string {
  if (!/^file:\/\//i.test(uri)) return decodeURIComponent(uri.slice("file:".length));
  try {
    return fileURLToPath(uri);
  } catch (cause) {
    throw new RunstoneError("INVALID_PARAMETER_VALUE", `${uri} names no local directory`, { cause });
  }
}

function withoutCredentials(uri: string): string {
  return uri.replace(/\/\/[^/@]*@/, "//").replace(/[?#].*$/, "");
}

const SHOWN = 3;

/** Damage met on the way hides nothing else, but it is said: the first few, and at the end how many. */
class DamageNotes {
  readonly #context: CommandContext;
  #count = 0;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  add({ path, reason, severity }: Damage): void {
    if (severity === "note") return;
    this.#count += 1;
    if (this.#count === 1) this.#context.atEnd(() => this.#sayHowMany());
    if (this.#count <= SHOWN) this.#context.err.line(`runstone: ${visible(path)}: ${visible(reason)}`);
  }

  #sayHowMany(): void {
    const more = this.#count > SHOWN ? ` (${this.#count} in all)` : "";
    this.#context.err.line(`runstone: damaged entries were met${more}; \`runstone fsck\` lists them`);
  }
}
