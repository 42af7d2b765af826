/** Runs as people name them: a full id, a unique prefix of an id, or a name that only one run has. */
import { listRunLocations } from "../../core/store/read/runs.js";
import { RunstoneError } from "../../store-format/index.js";
import { nearest } from "../parse/nearest.js";
import type { OpenPlace } from "./open-place.js";
import { listRunEntries, type RunEntry } from "./run-entries.js";
import { SHORTEST_PREFIX } from "./shortest-prefix.js";

const FULL_ID = /^[0-9a-f]{32}$/;
const CANDIDATES_SHOWN = 10;

/** The run's id. A full id is not looked up. Throws RESOURCE_DOES_NOT_EXIST, and INVALID_PARAMETER_VALUE when ambiguous. */
export function findRunId(opened: OpenPlace, word: string): string {
  if (FULL_ID.test(word)) return word;
  const ids = [...listRunLocations(opened.context)].map((location) => location.runId);
  if (ids.includes(word)) return word;
  const starting = word.length >= SHORTEST_PREFIX ? ids.filter((id) => id.startsWith(word)) : [];
  if (starting.length === 1) return starting[0]!;
  const entries = listRunEntries(opened, { view: "all" });
  if (starting.length > 1)
    throw ambiguous(
      word,
      entries.filter(({ location }) => location.runId.startsWith(word)),
    );
  return findByName(entries, word);
}

function findByName(entries: readonly RunEntry[], name: string): string {
  const named = entries.filter(({ info }) => info.runName === name);
  const active = named.filter(({ info }) => info.lifecycleStage === "active");
  const found = active.length > 0 ? active : named;
  if (found.length === 1) return found[0]!.location.runId;
  throw found.length > 1 ? ambiguous(name, found) : noSuchRun(name, entries);
}

function ambiguous(word: string, candidates: readonly RunEntry[]): RunstoneError {
  const shown = candidates.slice(0, CANDIDATES_SHOWN);
  const list = shown
    .map(({ info }) => `${info.runId.slice(0, 12)} (${info.runName || "no name"})`)
    .join(", ");
  const more = candidates.length > shown.length ? ", ..." : "";
  return new RunstoneError("INVALID_PARAMETER_VALUE", `'${word}' names ${candidates.length} runs`, {
    hint: `Give more of the id: ${list}${more}`,
    data: { run: word, candidates: shown.map(({ info }) => info.runId) },
  });
}

function noSuchRun(word: string, entries: readonly RunEntry[]): RunstoneError {
  const meant = nearest(
    word,
    entries.map(({ info }) => info.runName),
  );
  return new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no run '${word}'`, {
    hint: meant ? `Did you mean ${meant}?` : "`runstone runs --view all` lists the runs.",
    data: { run: word },
  });
}
