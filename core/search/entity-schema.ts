/** Schemas of searches over lists: experiments, registered models, model versions, logged models. */

import type { Operator } from "./filter.js";
import {
  attribute,
  type KeyedEntity,
  OWN_OPERATORS,
  type SearchField,
  type SearchSchema,
  type WrittenKey,
} from "./search-schema.js";

const TAG_PREFIXES: ReadonlyMap<string, KeyedEntity | "attribute"> = new Map([
  ["attribute", "attribute"],
  ["tag", "tag"],
  ["tags", "tag"],
]);

const OWN_PREFIXES: ReadonlyMap<string, KeyedEntity | "attribute"> = new Map([
  ...TAG_PREFIXES,
  ["attributes", "attribute"],
  ["attr", "attribute"],
]);

export interface MlflowEntity {
  readonly filter: Readonly<Record<string, SearchField>>;
  /** Names to order by, and the attributes they are. */
  readonly order: Readonly<Record<string, string>>;
  /** Of tags. */
  readonly operators: ReadonlySet<Operator>;
}

/** What MLflow's client can ask of a thing that has attributes and tags. */
export function mlflowSchema({ filter, order, operators }: MlflowEntity): SearchSchema {
  const orders = Object.entries(order).map(([name, key]) => [name, attribute(key, "text")] as const);
  return {
    dialect: "mlflow",
    prefixes: TAG_PREFIXES,
    attributes: new Map(Object.entries(filter)),
    fieldOf: (entity, { key }) =>
      entity === "tag" ? { field: { entity, key }, type: "text", operators } : null,
    order: new Map(orders),
    orderEntities: new Set(),
    names: [],
  };
}

export interface OwnEntity {
  readonly attributes: Readonly<Record<string, SearchField>>;
  /** Attributes that bare words look into. */
  readonly names: readonly string[];
}

/** Runstone's dialect for the same. */
export function runstoneSchema({ attributes, names }: OwnEntity): SearchSchema {
  const fields = new Map(Object.entries(attributes));
  return {
    dialect: "runstone",
    prefixes: OWN_PREFIXES,
    attributes: fields,
    fieldOf: tagOf,
    order: fields,
    orderEntities: new Set(["tag"]),
    names: names.map((key) => ({ entity: "attribute", key })),
  };
}

function tagOf(entity: KeyedEntity, { key }: WrittenKey): SearchField | null {
  return entity === "tag"
    ? { field: { entity, key }, type: "scalar", operators: OWN_OPERATORS.scalar }
    : null;
}
