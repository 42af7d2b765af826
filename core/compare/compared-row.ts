/** One thing over several runs: a value for each, null where a run has none. */
import { compareCodePoints } from "../../store-format/index.js";

export interface ComparedRow<V> {
  readonly key: string;
  /** In the order of the runs. */
  readonly values: readonly (V | null)[];
  readonly differs: boolean;
}

/** Every key of the maps, in code-point order. */
export function compareMaps(
  maps: readonly Readonly<Record<string, string>>[],
): readonly ComparedRow<string>[] {
  return unionOfKeys(maps).map((key) => {
    const values = maps.map((map) => map[key] ?? null);
    return { key, values, differs: values.some((value) => value !== values[0]) };
  });
}

export function unionOfKeys(maps: readonly object[]): string[] {
  const keys = new Set<string>();
  for (const map of maps) for (const key of Object.keys(map)) keys.add(key);
  return [...keys].sort(compareCodePoints);
}
