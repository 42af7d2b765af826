import { RunstoneError } from "../../store-format/index.js";

/** A text as a filter of MLflow's grammar has it, which knows no escapes. Throws UNSUPPORTED for one with both quotes. */
export function quoteText(text: string): string {
  if (!text.includes("'")) return `'${text}'`;
  if (!text.includes('"')) return `"${text}"`;
  throw new RunstoneError(
    "UNSUPPORTED",
    `MLflow cannot search for ${JSON.stringify(text)}, which holds both kinds of quotes`,
    {
      data: { text },
    },
  );
}
