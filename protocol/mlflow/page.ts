import type { Fields } from "./fields.js";

/** Some items of a listing, and what to ask with for more; null on the last page. */
export interface WirePage<Item> {
  readonly items: readonly Item[];
  readonly nextPageToken: string | null;
}

/** A page whose items are in the list `name`. */
export function parsePage<Item>(
  fields: Fields,
  name: string,
  parseItem: (item: Fields) => Item,
): WirePage<Item> {
  const token = fields.string("next_page_token");
  return { items: fields.list(name).map(parseItem), nextPageToken: token === "" ? null : token };
}
