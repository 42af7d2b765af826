/** Runs and experiments of a server, as people name them. */
import { type Experiment, isRunstoneError, type Run, RunstoneError } from "../../store-format/index.js";
import type { RestStore } from "../../sync/rest/index.js";
import type { CommandContext } from "../context.js";
import { nearest } from "../parse/nearest.js";
import { usageError } from "../parse/usage-error.js";
import { expandDashes } from "../run-words.js";
import { SHORTEST_PREFIX } from "../store/shortest-prefix.js";

const FULL_ID = /^[0-9a-f]{32}$/;
const CANDIDATES_SHOWN = 10;

/**
 * The run that a word names: an id, a unique prefix of one, the name of one run, `@last`, `@last~2`. Throws
 * RESOURCE_DOES_NOT_EXIST, INVALID_PARAMETER_VALUE when several fit, UNSUPPORTED for other words with `@`.
 */
export async function findRun(store: RestStore, word: string): Promise<Run> {
  if (FULL_ID.test(word)) return store.getRun(word);
  const back = /^@last(?:~(\d{1,4}))?$/.exec(word);
  if (back !== null) return newestRun(store, Number(back[1] ?? 0), word);
  if (word.startsWith("@"))
    throw new RunstoneError("UNSUPPORTED", `'${word}' names no run of a server`, {
      hint: "`runstone best METRIC --last` finds the best run there.",
    });
  const plain = /^[0-9a-f]+$/.test(word) && word.length >= SHORTEST_PREFIX;
  const starting = plain ? await matching(store, `attributes.run_id LIKE '${word}%'`) : [];
  const found = starting.length > 0 ? starting : await named(store, word);
  if (found.length === 1) return store.getRun(found[0]!.info.runId);
  throw found.length > 1 ? ambiguous(word, found) : noSuchRun(word);
}

async function newestRun(store: RestStore, back: number, word: string): Promise<Run> {
  const { items } = await store.searchRuns({ maxResults: back + 1 });
  const found = items[back];
  if (found === undefined) throw noSuchRun(word);
  return store.getRun(found.info.runId);
}

async function named(store: RestStore, word: string): Promise<readonly Run[]> {
  const quoted = word.includes("'") ? `"${word}"` : `'${word}'`;
  const all = await matching(store, `attributes.run_name = ${quoted}`);
  const active = all.filter(({ info }) => info.lifecycleStage === "active");
  return active.length > 0 ? active : all;
}

async function matching(store: RestStore, filter: string): Promise<readonly Run[]> {
  const search = { filter, dialect: "mlflow", view: "all", maxResults: CANDIDATES_SHOWN + 1 } as const;
  return (await store.searchRuns(search)).items;
}

function ambiguous(word: string, candidates: readonly Run[]): RunstoneError {
  const shown = candidates.slice(0, CANDIDATES_SHOWN);
  const list = shown
    .map(({ info }) => `${info.runId.slice(0, 12)} (${info.runName || "no name"})`)
    .join(", ");
  const more = candidates.length > shown.length ? ", ..." : "";
  return new RunstoneError("INVALID_PARAMETER_VALUE", `'${word}' names several runs`, {
    hint: `Give more of the id: ${list}${more}`,
    data: { run: word, candidates: shown.map(({ info }) => info.runId) },
  });
}

function noSuchRun(word: string): RunstoneError {
  return new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no run '${word}'`, {
    hint: "`runstone runs --view all` lists the runs.",
    data: { run: word },
  });
}

/** The words, `-` being the list on standard input, as ids of runs. */
export async function findRunIds(store: RestStore, words: readonly string[]): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const word of await expandDashes(words)) ids.push((await findRun(store, word)).info.runId);
  return ids;
}

/** The run that `--run` or RUNSTONE_RUN_ID names. Throws USAGE when neither does: a shell owns no run on a server. */
export async function currentRunId(
  context: CommandContext,
  store: RestStore,
  given: string | undefined,
): Promise<string> {
  const word = given ?? (context.env.RUNSTONE_RUN_ID || undefined);
  if (word !== undefined) return (await findRun(store, word)).info.runId;
  throw usageError("no run is named", "Give --run RUN, or set RUNSTONE_RUN_ID");
}

/** By name, which goes first, or id. Throws RESOURCE_DOES_NOT_EXIST. */
export async function findExperiment(store: RestStore, word: string): Promise<Experiment> {
  const found = (await store.getExperimentByName(word)) ?? (await experimentOfId(store, word));
  if (found !== null) return found;
  const names = (await store.listExperiments("all")).map(({ name }) => name);
  const meant = nearest(word, names);
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no experiment '${word}'`, {
    hint: meant === undefined ? "`runstone experiments` lists them." : `Did you mean ${meant}?`,
    data: { experiment: word },
  });
}

async function experimentOfId(store: RestStore, word: string): Promise<Experiment | null> {
  if (!/^\d{1,19}$/.test(word)) return null;
  try {
    return await store.getExperiment(word);
  } catch (error) {
    if (isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST")) return null;
    throw error;
  }
}
