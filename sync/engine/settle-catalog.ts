/** Settling what both sides of a catalog changed differently: the value is set on both, and is then what both had. */
import { DELETED_STAGE } from "../../core/index.js";
import { ALIAS_FIELD, type CatalogEntry, RunstoneError, type StringMap } from "../../store-format/index.js";
import { keyOf, kindOfKey } from "./catalog-entry.js";
import type { CatalogNaming, CatalogRecord, CatalogSide } from "./catalog-parties.js";
import type { CatalogConflict } from "./catalog-report.js";
import { followNames, type NamedExperiments } from "./follow-names.js";
import { fieldOf, withChanges } from "./merge-fields.js";

export type CatalogTaking = "ours" | "theirs" | { readonly value: string };

export interface CatalogSettling {
  /** Of the state. */
  readonly key: string;
  readonly conflicts: readonly CatalogConflict[];
  readonly take: CatalogTaking;
}

export interface SettlingParties {
  readonly local: CatalogSide;
  readonly remote: CatalogSide;
  readonly state: NamedExperiments & {
    catalog(key: string): CatalogRecord | null;
    saveCatalog(key: string, record: CatalogRecord): void;
  };
  readonly naming: Pick<CatalogNaming, "here" | "there">;
}

/** A conflict that is none any more, and what both sides have now; null: nothing. */
export interface SettledField extends CatalogConflict {
  readonly value: string | null;
}

/**
 * What is there and here now is what is chosen from. Throws RESOURCE_DOES_NOT_EXIST when a side has it no more, INVALID_STATE
 * for a version that cannot come back, INVALID_PARAMETER_VALUE, and what either side says; what was settled before stays so.
 */
export async function settleCatalog(
  parties: SettlingParties,
  { key, conflicts, take }: CatalogSettling,
): Promise<readonly SettledField[]> {
  const found = await findBoth(parties, key);
  const settled: SettledField[] = [];
  for (const conflict of conflicts) {
    const value = await settleField(parties, { ...found, key, conflict, take });
    settled.push({ ...conflict, value });
  }
  return settled;
}

interface Both {
  readonly local: CatalogEntry;
  /** An experiment by its name here. */
  readonly remote: CatalogEntry;
  /** Of its kind, and of what it names. */
  readonly here: readonly CatalogEntry[];
}

async function findBoth(parties: SettlingParties, key: string): Promise<Both> {
  const [kind, record] = [kindOfKey(key), parties.state.catalog(key)];
  const list = (side: CatalogSide): Promise<readonly CatalogEntry[]> => {
    if (kind === "experiment") return side.list(["experiment"], IGNORE);
    if (kind === "logged_model")
      return side.loggedModels?.([JSON.parse(key)[2] as string], IGNORE) ?? NO_ENTRIES;
    return side.list(["registered_model", "model_version"], IGNORE);
  };
  const [here, there] = [await list(parties.local), await list(parties.remote)];
  const local = here.find((entry) => keyOf(entry) === key);
  const remote = there.find((entry) =>
    kind === "experiment" ? entry.id === record?.remoteId : keyOf(entry) === key,
  );
  if (local === undefined || remote === undefined)
    throw new RunstoneError(
      "RESOURCE_DOES_NOT_EXIST",
      `it is ${local === undefined ? "here" : "there"} no more`,
      {
        hint: "A sync tells what is left of it.",
        data: { key },
      },
    );
  return { local, remote: asHere(remote, parties.naming), here };
}

const NO_ENTRIES: Promise<readonly CatalogEntry[]> = Promise.resolve([]);

/** What cannot be read is no part of what is settled. */
function IGNORE(): void {}

function asHere(entry: CatalogEntry, naming: Pick<CatalogNaming, "here">): CatalogEntry {
  if (entry.kind !== "experiment") return entry;
  return { ...entry, fields: { ...entry.fields, name: naming.here(entry.fields["name"] ?? "") } };
}

interface FieldSettling extends Both {
  readonly key: string;
  readonly conflict: CatalogConflict;
  readonly take: CatalogTaking;
}

/** There first: what fails there is still a conflict here. */
async function settleField(
  { local, remote, state, naming }: SettlingParties,
  settling: FieldSettling,
): Promise<string | null> {
  const { field } = settling.conflict;
  const [mine, theirs] = [fieldOf(settling.local.fields, field), fieldOf(settling.remote.fields, field)];
  const value = wantedValue(settling, mine, theirs);
  if (field === "stage" && value !== DELETED_STAGE && [mine, theirs].includes(DELETED_STAGE))
    throw new RunstoneError("INVALID_STATE", "a model version that was deleted cannot come back", {
      hint: "Take the side that deleted it, or register the model anew.",
      data: { field, mine, theirs },
    });
  const isExperimentName = settling.local.kind === "experiment" && field === "name";
  const valueThere = isExperimentName && value !== null ? naming.there(value) : value;
  const kept = value === null ? null : (remote.asKept?.(settling.remote.kind, field, value) ?? value);
  if (kept !== theirs) await remote.change(settling.remote, { [field]: valueThere });
  if (value !== mine) await local.change(settling.local, { [field]: value });
  const { remoteId } = state.catalog(settling.key)!;
  if (isExperimentName && value !== null && valueThere !== null)
    followNames(state, [{ here: value, there: valueThere, remoteId, before: mine }]);
  const known = state.catalog(settling.key)!;
  const conflicts = known.conflicts.filter((one) => one.field !== field);
  state.saveCatalog(settling.key, { ...known, fields: fieldsWith(known.fields, field, value), conflicts });
  return value;
}

function fieldsWith(fields: StringMap, field: string, value: string | null): StringMap {
  return withChanges(fields, { [field]: value });
}

/** Of an alias a value is the number here of a version. */
function wantedValue(
  { take, conflict: { field }, local, here }: FieldSettling,
  mine: string | null,
  theirs: string | null,
): string | null {
  if (take === "ours") return mine;
  if (take === "theirs") return theirs;
  if (!field.startsWith(ALIAS_FIELD)) return take.value;
  const version = here.find(
    ({ kind, model, id }) => kind === "model_version" && model === local.id && id === take.value,
  );
  if (version !== undefined) return version.origin;
  throw new RunstoneError("INVALID_PARAMETER_VALUE", `'${local.id}' has no version ${take.value} here`, {
    hint: "The value of an alias is the number of a version.",
    data: { model: local.id, value: take.value },
  });
}
