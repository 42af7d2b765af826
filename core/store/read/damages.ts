/** How the readers report what is wrong. */
import {
  type Damage,
  type DamageKind,
  damageOf,
  isRunstoneError,
  RunstoneError,
} from "../../../store-format/index.js";
import { joinPath, type Located } from "./located.js";

/** Receives each damage once, as it is met. */
export type OnDamage = (damage: Damage) => void;

/** For callers that want the values only; `scanStore` tells what is wrong. */
export const IGNORE_DAMAGE: OnDamage = () => {};

/** For writers, who must see everything or fail: a place that cannot be read is an error, other damage is not their matter. */
export const THROW_UNREADABLE: OnDamage = ({ kind, path, reason }) => {
  if (kind === "file_unreadable")
    throw new RunstoneError("IO_ERROR", reason, {
      hint: "Check the disk and the permissions, then repeat.",
      data: { path },
    });
};

export interface DamageDetails {
  /** Below the owner, `/` between components; absent: the owner itself. */
  readonly name?: string | undefined;
  /** Byte offset in the file. */
  readonly offset?: number | undefined;
  /** Default: the description of the kind. */
  readonly reason?: string | undefined;
}

export function report(
  onDamage: OnDamage,
  owner: Located,
  kind: DamageKind,
  { name, offset, reason }: DamageDetails = {},
): void {
  if (onDamage === IGNORE_DAMAGE) return;
  const { experimentId, runId } = owner;
  onDamage(
    damageOf(kind, name === undefined ? owner.path : joinPath(owner.path, name), {
      ...(offset === undefined ? {} : { offset }),
      ...(reason === undefined ? {} : { reason }),
      ...(experimentId === undefined ? {} : { experimentId }),
      ...(runId === undefined ? {} : { runId }),
    }),
  );
}

/**
 * Runs `call`; a place that the file system refuses to read (permission, I/O error) is the damage `file_unreadable` and
 * gives null. Every other error passes, lack of file descriptors among them: it is not the store's fault.
 */
export function readable<T>(
  onDamage: OnDamage,
  owner: Located,
  name: string | undefined,
  call: () => T,
): T | null {
  try {
    return call();
  } catch (error) {
    reportUnreadable(error, onDamage, owner, name);
    return null;
  }
}

/** As {@link readable}, for items that are read one after another: those before the failure are kept. */
export function* readableItems<T>(
  onDamage: OnDamage,
  owner: Located,
  name: string,
  items: Iterable<T>,
): Generator<T> {
  try {
    yield* items;
  } catch (error) {
    reportUnreadable(error, onDamage, owner, name);
  }
}

function reportUnreadable(
  error: unknown,
  onDamage: OnDamage,
  owner: Located,
  name: string | undefined,
): void {
  if (!isRunstoneError(error, "PERMISSION_DENIED") && !isRunstoneError(error, "IO_ERROR")) throw error;
  report(onDamage, owner, "file_unreadable", { name, reason: error.message });
}
