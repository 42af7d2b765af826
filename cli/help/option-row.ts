import type { Option } from "../command.js";
import type { Row } from "./layout.js";

/** `-n, --limit N` and what it does, with its choices and default. */
export function optionRow(name: string, option: Option): Row {
  const spellings = [...(option.alias ?? []), name]
    .sort((a, b) => Math.min(a.length, 2) - Math.min(b.length, 2))
    .map((word) => (word.length === 1 ? `-${word}` : `--${word}`));
  const value = option.type === "boolean" ? undefined : (option.value ?? "TEXT");
  return [[spellings.join(", "), value].filter(Boolean).join(" "), describe(option)];
}

function describe(option: Option): string {
  const choices = option.choices === undefined ? "" : `: ${option.choices.join(", ")}`;
  const repeats = option.type === "strings" ? " (may be repeated)" : "";
  const initial = option.defaultText === undefined ? "" : ` (default: ${option.defaultText})`;
  return `${option.describe}${choices}${initial}${repeats}`;
}
