/** Order clauses: a field, then ASC (the default) or DESC. */
import { RunstoneError } from "../../store-format/index.js";
import { filterError } from "./filter-error.js";
import { type KnownKeys, type NameSource, nameInQuotes, resolveField } from "./resolve-field.js";
import type { SearchField, SearchSchema } from "./search-schema.js";
import { type Token, Tokens } from "./tokenize.js";

export interface OrderClause {
  readonly field: SearchField;
  readonly descending: boolean;
}

export interface OrderOptions {
  readonly schema: SearchSchema;
  readonly known?: KnownKeys;
}

/** Most clauses of one order. */
export const MAX_ORDER_CLAUSES = 100;

/** Throws `INVALID_PARAMETER_VALUE` with the offset of the token that is wrong. */
export function parseOrder(clauses: readonly string[], options: OrderOptions): readonly OrderClause[] {
  if (!Array.isArray(clauses) || clauses.some((clause) => typeof clause !== "string"))
    throw new RunstoneError("INVALID_PARAMETER_VALUE", "orderBy must be a list of texts", {
      hint: 'Write it as in ["metrics.loss DESC"].',
    });
  const [more] = clauses.slice(MAX_ORDER_CLAUSES);
  if (more !== undefined) {
    const at = { start: 0, end: more.length };
    throw filterError({
      subject: "order",
      source: more,
      at,
      reason: `there are more than ${MAX_ORDER_CLAUSES} clauses`,
    });
  }
  return clauses.map((clause) => parseClause(clause, options));
}

function parseClause(source: string, { schema, known }: OrderOptions): OrderClause {
  const tokens = new Tokens({ subject: "order", source, dialect: schema.dialect });
  const name = tokens.at(0);
  if (!isName(name)) throw orderError(source, name, "the name of a field is expected");
  const names: NameSource = { subject: "order", source, schema, ...(known === undefined ? {} : { known }) };
  const quoted = schema.dialect === "mlflow" ? null : nameInQuotes(name, names);
  if (quoted !== null) throw orderError(source, name, "this key goes on", `Write ${quoted}.`);
  const field = resolveField(name, names);
  const direction = tokens.at(1);
  if (direction.kind === "end") return { field, descending: false };
  const word = direction.raw.toUpperCase();
  if (word !== "ASC" && word !== "DESC") throw orderError(source, direction, "ASC or DESC is expected");
  if (tokens.at(2).kind !== "end")
    throw orderError(
      source,
      tokens.at(2),
      "nothing more is expected; give each field as an order of its own",
    );
  return { field, descending: word === "DESC" };
}

function isName(token: Token): boolean {
  return token.kind === "path" || (token.kind === "text" && token.raw.startsWith('"'));
}

function orderError(source: string, at: Token, reason: string, hint?: string): Error {
  return filterError({ subject: "order", source, at, reason, ...(hint === undefined ? {} : { hint }) });
}
