/** Errors of filters and orders: they point at the token, with its offset in what was asked. */
import { RunstoneError } from "../../store-format/index.js";

/** Where something stands in a text: UTF-16 offsets, as in `text.slice(start, end)`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface FilterProblem {
  /** `filter` or `order`: what is wrong. */
  readonly subject: "filter" | "order";
  readonly source: string;
  readonly at: Span;
  /** What is wrong there, without a full stop. */
  readonly reason: string;
  readonly hint?: string;
}

const SHOWN = 40;

/** A text that was asked for, as messages show it: at most 40 characters of it. */
export function shown(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
}

/** An `INVALID_PARAMETER_VALUE` with `offset`, `length` and `token` in its data. */
export function filterError({ subject, source, at, reason, hint }: FilterProblem): RunstoneError {
  const token = shown(source.slice(at.start, at.end));
  const place = token === "" ? "at its end" : `at offset ${at.start}, ${JSON.stringify(token)}`;
  return new RunstoneError("INVALID_PARAMETER_VALUE", `cannot read the ${subject} ${place}: ${reason}`, {
    ...(hint === undefined ? {} : { hint }),
    data: { subject, offset: at.start, length: at.end - at.start, token },
  });
}
