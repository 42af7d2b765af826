/** Traces stay where they are, and a sync says so. */
import { countTraces, type StoreContext } from "../../core/index.js";

/** Null when there are none. */
export function tracesNote(context: StoreContext): string | null {
  const count = countTraces(context);
  if (count === 0) return null;
  return count === 1 ? "1 trace is not carried" : `${count} traces are not carried`;
}
