/** The list of what is not in a snapshot. */
import { redactText } from "../../capture/redact.js";
import { type LeftOut, type LeftOutReason, MAX_LISTED } from "./snapshot.js";

export class LeftOutList {
  readonly #listed: LeftOut[] = [];
  #count = 0;

  /** `path` is latin1. */
  add(path: string, reason: LeftOutReason, more: Pick<LeftOut, "size" | "rule"> = {}): void {
    this.#count += 1;
    if (this.#listed.length < MAX_LISTED) this.#listed.push({ path: readable(path), reason, ...more });
  }

  get listed(): readonly LeftOut[] {
    return this.#listed;
  }

  get count(): number {
    return this.#count;
  }
}

/** A name as text, without secrets. */
export function readable(path: string): string {
  return redactText(Buffer.from(path, "latin1").toString("utf8")).text;
}
