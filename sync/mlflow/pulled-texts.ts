/** Name, params and tags of a run there as they are to be here: what a push did to them on the way is undone. Pure. */
import type { RunDocument } from "../../core/transfer/index.js";
import {
  MLFLOW_MAX_PARAM_VALUE_LENGTH,
  MLFLOW_MAX_TAG_VALUE_LENGTH,
  OWN_TAG_PREFIX,
  type Run,
  type StringMap,
} from "../../store-format/index.js";
import type { RunState } from "../engine/run-state.js";
import { cutTag, cutText } from "./cut-values.js";
import { ORIGIN_TAG, PUSHED_TAG } from "./find-runs.js";
import { isOddPointsTag } from "./odd-points.js";
import {
  LOCAL_PARENT_TAG,
  type LongValues,
  PARENT_TAG,
  RUN_NAME_TAG,
  UNNAMED_TAG,
  wantedRecord,
  wantedTags,
} from "./wanted-record.js";

export interface PulledTexts {
  readonly runName: string;
  readonly params: StringMap;
  readonly tags: StringMap;
}

export interface TextOptions {
  /** Id of the run here. */
  readonly runId: string;
  /** Id here of a run there; undefined: it is not known. */
  localIdOf(remoteRunId: string): string | undefined;
}

/** Without what only a push's server needs. */
export function pulledTexts(run: Run, { runId, localIdOf }: TextOptions): PulledTexts {
  const isOurs = run.tags[ORIGIN_TAG] !== undefined;
  const isUnnamed = isOurs && run.tags[UNNAMED_TAG] === "true" && run.info.runName === runId;
  const tags: Record<string, string> = Object.assign(Object.create(null), run.tags);
  delete tags[PUSHED_TAG];
  if (tags[ORIGIN_TAG] === runId) delete tags[ORIGIN_TAG];
  const parent = tags[PARENT_TAG];
  const mapped = parent === undefined ? undefined : localIdOf(parent);
  const local = mapped ?? (isOurs ? tags[LOCAL_PARENT_TAG] : undefined) ?? parent;
  if (local !== undefined) tags[PARENT_TAG] = local;
  if (isOurs) {
    for (const name of Object.keys(tags)) if (isOddPointsTag(name)) delete tags[name];
    delete tags[LOCAL_PARENT_TAG];
    delete tags[UNNAMED_TAG];
  }
  if (isUnnamed) delete tags[RUN_NAME_TAG];
  return { runName: isUnnamed ? "" : run.info.runName, params: run.params, tags };
}

/**
 * As {@link pulledTexts} for a run that is here: what the server has as a push would have sent it is what is here, or what
 * both sides had; so that only what was changed there differs.
 */
export function reconciledTexts(texts: PulledTexts, mine: RunDocument, state: RunState | null): PulledTexts {
  const { params: sentParams, acceptedParams: accepted } = wantedRecord(mine, null);
  const params = mapped(texts.params, (key, value) =>
    sentParams[key] === value || accepted[key] === value ? mine.params[key]! : value,
  );
  const sources = [state?.common?.tags, mine.tags].filter((tags) => tags !== undefined);
  const sent = sources.map((tags) => wantedTags(tags, mine, null));
  const tags = mapped(texts.tags, (key, value) => {
    const source = sources.find(
      (_, index) => sent[index]![key] === value && Object.hasOwn(sources[index]!, key),
    );
    return source?.[key] ?? value;
  });
  keepNameTag(tags, texts.runName, mine);
  for (const [key, value] of Object.entries(mine.tags))
    if (!Object.hasOwn(tags, key) && (key.startsWith(OWN_TAG_PREFIX) || wasRefused(key, state)))
      tags[key] = value;
  return { runName: texts.runName, params, tags };
}

/** Servers make the name a tag; here it is one only where it was. */
function keepNameTag(tags: Record<string, string>, runName: string, mine: RunDocument): void {
  const own = mine.tags[RUN_NAME_TAG];
  if (own === undefined) delete tags[RUN_NAME_TAG];
  else tags[RUN_NAME_TAG] = runName === mine.info.runName ? own : runName;
}

/** What the server did not take is not taken away here because it is not there. */
function wasRefused(key: string, state: RunState | null): boolean {
  const begin = `The server refuses the tag '${key}':`;
  return state === null || (state.receipt?.exceptions.some((text) => text.startsWith(begin)) ?? true);
}

/** Whole values for those that were cut there; a text that does not begin as what is there belongs to something else. */
export function withLongValues(texts: PulledTexts, whole: LongValues): PulledTexts {
  const params = mapped(texts.params, (key, value) => fits(whole.params[key], value, paramCut) ?? value);
  const tags = mapped(
    texts.tags,
    (key, value) =>
      fits(whole.tags[key], value, (text) => cutTag(key, text, MLFLOW_MAX_TAG_VALUE_LENGTH)) ?? value,
  );
  return { ...texts, params, tags };
}

/** Whether every whole value belongs to one that is there. */
export function isLongValuesOf(whole: LongValues, run: Run): boolean {
  const { params, tags } = withLongValues({ runName: "", params: run.params, tags: run.tags }, whole);
  const isUsed = (values: StringMap, used: StringMap): boolean =>
    Object.entries(values).every(([key, value]) => used[key] === value);
  return isUsed(whole.params, params) && isUsed(whole.tags, tags);
}

/** Whether some value has the length at which a push cuts. */
export function mayBeCut({ params, tags }: PulledTexts): boolean {
  return (
    Object.values(params).some((value) => value.length >= MLFLOW_MAX_PARAM_VALUE_LENGTH) ||
    Object.entries(tags).some(
      ([key, value]) => value.length >= MLFLOW_MAX_TAG_VALUE_LENGTH || key === "mlflow.log-model.history",
    )
  );
}

function paramCut(text: string): string {
  return cutText(text, MLFLOW_MAX_PARAM_VALUE_LENGTH);
}

function fits(whole: string | undefined, value: string, cut: (text: string) => string): string | undefined {
  return whole !== undefined && cut(whole) === value ? whole : undefined;
}

function mapped(map: StringMap, change: (key: string, value: string) => string): Record<string, string> {
  const changed: Record<string, string> = Object.create(null);
  for (const [key, value] of Object.entries(map)) changed[key] = change(key, value);
  return changed;
}
