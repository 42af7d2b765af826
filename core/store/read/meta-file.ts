/** Reading the YAML file of one thing. */
import { join } from "node:path";
import {
  type DamageKind,
  isRunstoneError,
  type ParseOptions,
  RunstoneError,
} from "../../../store-format/index.js";
import { readBytesIfExists, statIfExists } from "../../fs/index.js";
import { META } from "../layout.js";
import { type OnDamage, readable, report } from "./damages.js";
import { foreignContent } from "./foreign-content.js";
import { parseGeneralYaml } from "./general-yaml.js";
import { joinPath, type Located } from "./located.js";

export type ParseMeta<T> = (bytes: Uint8Array, options: ParseOptions) => T;

/** MLflow writes meta.yaml in place, first emptying it: a file this young that is empty is looked at again. */
const YOUNG_MS = 2_000;
const LOOKS = 6;
const PAUSE_MS = 40;

/**
 * `meta.yaml` (or `name`) in a directory, parsed; null when there is none. Throws DAMAGED with `data.path` (relative to
 * the root), `data.reason` and `data.offset`; typed errors of the file system.
 */
export function readMetaIfExists<T>(owner: Located, parse: ParseMeta<T>, name: string = META): T | null {
  const file = join(owner.directory, name);
  const options: ParseOptions = { general: parseGeneralYaml, path: joinPath(owner.path, name) };
  for (let look = 1; ; look += 1) {
    const bytes = readBytesIfExists(file);
    if (bytes === null) return null;
    try {
      return parse(bytes, options);
    } catch (error) {
      if (look === LOOKS || bytes.length > 1 || !isRunstoneError(error, "DAMAGED") || !isYoung(file))
        throw error;
      pause(PAUSE_MS);
    }
  }
}

/** As {@link readMetaIfExists}; a missing file is DAMAGED, too. */
export function readMeta<T>(owner: Located, parse: ParseMeta<T>, name: string = META): T {
  return readMetaIfExists(owner, parse, name) ?? missing(owner, name);
}

/** The kinds of damage of one kind of meta.yaml. */
export interface MetaDamage {
  readonly damaged: DamageKind;
  /** Default: `damaged`. */
  readonly empty?: DamageKind;
  /** Default: a missing file is no damage. */
  readonly missing?: DamageKind;
}

export interface MetaFileKind<T> {
  readonly parse: ParseMeta<T>;
  readonly damage: MetaDamage;
  /** Default: `meta.yaml`. */
  readonly name?: string;
}

/** As {@link readMetaIfExists}; what is wrong is reported, and gives null like an absent file. */
export function readMetaReporting<T>(owner: Located, kind: MetaFileKind<T>, onDamage: OnDamage): T | null {
  const { parse, damage, name = META } = kind;
  let told = false;
  const value = readable(
    (unreadable) => {
      told = true;
      onDamage(unreadable);
    },
    owner,
    name,
    () => {
      try {
        return readMetaIfExists(owner, parse, name);
      } catch (error) {
        reportDamaged(error, owner, damage, onDamage, name);
        told = true;
        return null;
      }
    },
  );
  if (value === null && !told && damage.missing !== undefined) report(onDamage, owner, damage.missing);
  return value;
}

/** Reports a DAMAGED error of the parsers; throws every other one. */
export function reportDamaged(
  error: unknown,
  owner: Located,
  damage: MetaDamage,
  onDamage: OnDamage,
  name: string = META,
): void {
  if (!isRunstoneError(error, "DAMAGED")) throw error;
  const offset = typeof error.data.offset === "number" ? error.data.offset : undefined;
  const foreign = foreignContent(join(owner.directory, name));
  if (foreign !== null) {
    report(onDamage, owner, foreign, { name });
    return;
  }
  const kind = error.data.reason === "empty" ? (damage.empty ?? damage.damaged) : damage.damaged;
  report(onDamage, owner, kind, { name, offset, reason: String(error.data.reason ?? error.message) });
}

function missing(owner: Located, name: string): never {
  const path = joinPath(owner.path, name);
  throw new RunstoneError("DAMAGED", `${path} is missing`, {
    hint: "Look for the file in a backup or in Git; `runstone fsck` names everything that is damaged.",
    data: { path, reason: "missing", offset: 0 },
  });
}

function isYoung(file: string): boolean {
  const found = statIfExists(file);
  if (found === null) return true;
  const age = Date.now() - Number(found.mtimeNs / 1_000_000n);
  return age >= -YOUNG_MS && age < YOUNG_MS;
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
