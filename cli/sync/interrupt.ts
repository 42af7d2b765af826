/** Ctrl-C and SIGTERM end a sync in order: what is known is written, and the report tells what is missing. */

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Back to what the signals do otherwise. */
  release(): void;
}

/** The first signal stops; a second one ends the process at once. */
export function onInterrupt(): Interrupt {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, stop);
  return {
    signal: controller.signal,
    release() {
      for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, stop);
    },
  };
}
