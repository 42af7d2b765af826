/** Values that are longer than a server holds: what is sent of them, and what is kept whole beside. */
import { codePointLength } from "../../store-format/index.js";

/** The artifact that keeps such values whole: `{"params": {...}, "tags": {...}}`. */
export const LONG_VALUES_PATH = "runstone/long-values.json";

const LOGGED_MODELS_TAG = "mlflow.log-model.history";

/** The first `most` characters (code points, as servers count). */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  let units = 0;
  for (let left = most; left > 0 && units < text.length; left -= 1)
    units += text.codePointAt(units)! > 0xffff ? 2 : 1;
  return text.slice(0, units);
}

export function isTooLong(text: string, most: number): boolean {
  return text.length > most && codePointLength(text) > most;
}

/**
 * As {@link cutText}, but the list of models in MLflow's own tag stays JSON, because its UI reads it: then the newest models
 * that have room.
 */
export function cutTag(key: string, value: string, most: number): string {
  if (key !== LOGGED_MODELS_TAG) return cutText(value, most);
  const models = parseList(value);
  if (models === undefined) return cutText(value, most);
  for (let from = 0; from < models.length; from += 1) {
    const kept = JSON.stringify(models.slice(from));
    if (!isTooLong(kept, most)) return kept;
  }
  return "[]";
}

function parseList(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
