/** The store a command works on: `--store`, RUNSTONE_STORE, or the one of the workspace around `cwd`. */
import { fileURLToPath } from "node:url";
import { indexDirectoryOf } from "../../core/index/index-directory.js";
import type { StoreContext } from "../../core/store/context.js";
import { openContext } from "../../core/store/open-context.js";
import { type Damage, RunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { visible } from "../output/visible.js";
import { usageError } from "../parse/usage-error.js";

/** Enough to read: hot commands load no more of the store than they use. */
export interface OpenPlace {
  readonly context: StoreContext;
  /** Damage met while reading is told here. */
  readonly onDamage: (damage: Damage) => void;
}

/**
 * Damage is told on stderr. Throws NO_WORKSPACE, NOT_A_STORE, UNSUPPORTED (no such scheme), PERMISSION_DENIED, and USAGE
 * when several stores are given.
 */
export function openPlace(context: CommandContext): OpenPlace {
  return openPlaceTelling(context, damageNotes(context));
}

/** Tells the first few damages on stderr, and at the end how many there were. */
export function damageNotes(context: CommandContext): OpenPlace["onDamage"] {
  const notes = new DamageNotes(context);
  return (damage) => notes.add(damage);
}

/** As {@link openPlace}, for commands that report damage themselves. */
export function openPlaceTelling(context: CommandContext, onDamage: OpenPlace["onDamage"]): OpenPlace {
  const path = storePath(context);
  const opened = openContext({
    cwd: context.cwd,
    ...(path === undefined ? {} : { path }),
    indexDirectory: indexDirectoryOf(context.env, process.platform),
    now: context.now,
    warn: (message) => context.err.line(`runstone: ${visible(message)}`),
  });
  return { context: opened, onDamage };
}

/** The path the user named, or undefined: the workspace decides. */
export function storePath(context: CommandContext): string | undefined {
  if (context.stores.length > 1)
    throw usageError(
      "several stores are given",
      "This command works on one; runs, compare, best, plot, export and summary take several.",
    );
  const given = context.store ?? (context.env.RUNSTONE_STORE || undefined);
  if (given === undefined || !/^[a-z][a-z0-9+.-]+:/i.test(given)) return given;
  if (/^file:/i.test(given)) return pathOf(given);
  throw new RunstoneError(
    "UNSUPPORTED",
    `cannot open ${withoutCredentials(given)}: this command works on a directory`,
    { hint: hintFor(given) },
  );
}

function hintFor(uri: string): string {
  if (!/^https?:/i.test(uri)) return "Give the path of an mlruns directory.";
  return "docs/guide/remote-server.md names the commands that work on a server. For others bring the runs into a directory first: runstone remote add, runstone pull.";
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
/** Further ones are counted each time they are met. */
const TOLD_APART = 10_000;

/** Damage met on the way hides nothing else, but it is said: the first few, and at the end how many. */
class DamageNotes {
  readonly #context: CommandContext;
  readonly #met = new Set<string>();
  #count = 0;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  /** What is read twice is damaged once. */
  add({ path, reason, severity, offset }: Damage): void {
    if (severity === "note") return;
    const place = `${path} ${offset ?? ""} ${reason}`;
    if (this.#met.has(place)) return;
    if (this.#met.size < TOLD_APART) this.#met.add(place);
    this.#count += 1;
    if (this.#count === 1) this.#context.atEnd(() => this.#sayHowMany());
    if (this.#count <= SHOWN) this.#context.err.line(`runstone: ${visible(path)}: ${visible(reason)}`);
  }

  #sayHowMany(): void {
    const more = this.#count > SHOWN ? ` (${this.#count} in all)` : "";
    const line = `runstone: damaged entries were met${more}; \`${fsckLine(this.#context)}\` lists them`;
    this.#context.err.line(visible(line));
  }
}

/** The command that lists the damage of these stores. */
export function fsckLine({ stores }: Pick<CommandContext, "stores">): string {
  if (stores.length === 0) return "runstone fsck";
  return `runstone --store ${stores.length === 1 ? stores[0] : "DIR"} fsck`;
}
