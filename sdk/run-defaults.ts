/** What `autolog` changes about every run that begins afterwards. */

export interface RunDefaults {
  readonly systemMetrics: boolean;
}

let defaults: RunDefaults = { systemMetrics: false };

export function runDefaults(): RunDefaults {
  return defaults;
}

/** Returns what puts the former defaults back. */
export function setRunDefaults(next: RunDefaults): () => void {
  const before = defaults;
  defaults = next;
  return () => {
    defaults = before;
  };
}
