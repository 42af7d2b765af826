/** Values of params and tags without secrets: they are kept for ever, and shared. */
import { redactArgv, redactText } from "../../core/capture/redact.js";
import type { StringMap } from "../../store-format/index.js";

/** A value is replaced whole when its key names a secret (`api_key`), else what looks like one inside it. */
export function redactValues(map: StringMap): StringMap {
  const clean: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(map)) clean[key] = redactValue(key, value);
  return clean;
}

function redactValue(key: string, value: string): string {
  const [named = ""] = redactArgv([`${key}=${value}`]);
  return named.startsWith(`${key}=[redacted:`) ? named.slice(key.length + 1) : redactText(value).text;
}
