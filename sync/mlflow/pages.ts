/** Going through a listing page by page, as far as a server that lies cannot keep us for ever. */
import type { WirePage } from "../../protocol/mlflow/index.js";
import { RunstoneError } from "../../store-format/index.js";

/** Pages without items, one after the other, that are taken for honest: some servers filter after they cut pages. */
const MOST_EMPTY_PAGES = 100;

/**
 * The items of all pages. `endpoint`: for messages. Throws REMOTE_FAILED when a page token comes twice, or many pages bring
 * nothing.
 */
export async function* allItems<Item>(
  endpoint: string,
  ask: (pageToken: string | undefined) => Promise<WirePage<Item>>,
): AsyncGenerator<Item> {
  const seen = new Set<string>();
  let pageToken: string | undefined;
  let empty = 0;
  do {
    const page = await ask(pageToken);
    yield* page.items;
    empty = page.items.length === 0 ? empty + 1 : 0;
    pageToken = page.nextPageToken ?? undefined;
    if (pageToken === undefined) return;
    if (seen.has(pageToken) || empty > MOST_EMPTY_PAGES) throw endless(endpoint);
    seen.add(pageToken);
  } while (true);
}

export function endless(endpoint: string): RunstoneError {
  return new RunstoneError("REMOTE_FAILED", `the answer to ${endpoint} does not come to an end`, {
    hint: "The server tells the same page again and again. Is it an MLflow tracking server?",
    data: { endpoint },
  });
}
