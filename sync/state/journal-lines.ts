/**
 * Lines of the state journal (SPEC.md): `{"<kind>":"<key>","value":<value>}`, the last one of a kind and key wins, `null`
 * takes it away. Pure. The key can be told without parsing the value, so that a journal of many runs loads at once.
 */
import type { Integer } from "../../store-format/index.js";
import { REFUSED_THINGS, type Refusal } from "../engine/refusals.js";
import type { CommonRecord, Receipt, RunState } from "../engine/run-state.js";
import { CONFLICT_FIELDS, type Conflict } from "./conflict.js";
import type { Losses } from "./losses.js";

/** The newest format of a journal that this code writes. */
export const JOURNAL_FORMAT = 1;

/**
 * `run`: a {@link RunState}; `experiment`: name here -> id there; `conflicts`: of a run; `remote`: of which address all of
 * it speaks (key `address`), which runs were seen there last (key `latest`: id here -> mark there), and of which runs it lost
 * something (key `losses`: {@link Losses}); `catalog`: an experiment, registered model or version.
 */
export const JOURNAL_KINDS = ["remote", "run", "experiment", "conflicts", "catalog"] as const;
export type JournalKind = (typeof JOURNAL_KINDS)[number];

/** A longer beginning of a line up to its value is no beginning that was written by us. */
export const MAX_LINE_HEAD = 8192;

const VALUE = '","value":';
const GONE = "null}";
const HEAD = /^\{"([a-z]+)":(".*")$/s;

export function serializeHeader(): string {
  return `{"runstone_journal":${JOURNAL_FORMAT}}\n`;
}

/** The format that the first line tells; undefined when it is none. */
export function parseHeader(line: string): number | undefined {
  const found = /^\{"runstone_journal":(\d{1,9})\}$/.exec(line);
  return found === null ? undefined : Number(found[1]);
}

/** One line with its LF. `value`: null takes the entry away. */
export function serializeEntry(kind: JournalKind, key: string, value: unknown): string {
  return `{"${kind}":${JSON.stringify(key)},"value":${JSON.stringify(value, bigintText)}}\n`;
}

/** Times beyond 2^53 travel as texts of digits. */
function bigintText(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

export interface LineHead {
  readonly kind: JournalKind;
  readonly key: string;
  /** Takes the entry away. */
  readonly gone: boolean;
}

/** What a line is about, from its beginning (without LF); undefined when it is no entry of a journal. */
export function parseHead(beginning: Buffer): LineHead | undefined {
  const end = beginning.indexOf(VALUE);
  if (end < 0) return undefined;
  const found = HEAD.exec(beginning.toString("utf8", 0, end + 1));
  const kind = JOURNAL_KINDS.find((known) => known === found?.[1]);
  const key = parseJson(found?.[2] ?? "");
  if (kind === undefined || typeof key !== "string") return undefined;
  const value = end + VALUE.length;
  return { kind, key, gone: beginning.length === value + GONE.length && beginning.indexOf(GONE) === value };
}

/** The value of a whole line (without LF); undefined when it is damaged. */
export function parseValue(line: string): unknown {
  const members = parseJson(line);
  return isObject(members) ? members["value"] : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The part of a state by which a run is passed over that nobody changed. */
export type RunMarks = Pick<RunState, "remoteRunId" | "remoteExperimentId" | "localMark" | "remoteMark">;

/** What the journal keeps of a run's state (its id is the key), the {@link RunMarks} first. */
export function toStateValue(state: RunState): Omit<RunState, "runId"> {
  const { remoteRunId, remoteExperimentId, localMark, remoteMark } = state;
  const { common, watermarks, artifacts, receipt, refused = [], isUnclear } = state;
  return {
    remoteRunId,
    remoteExperimentId,
    localMark,
    remoteMark,
    common,
    watermarks,
    artifacts,
    receipt,
    ...(refused.length > 0 ? { refused } : {}),
    ...(isUnclear === true ? { isUnclear } : {}),
  };
}

const AFTER_MARKS = ',"common":';

/** The marks from the beginning of a state's line; undefined when they are not all in it, or damaged. */
export function parseMarks(beginning: Buffer): RunMarks | undefined {
  const end = beginning.indexOf(AFTER_MARKS);
  const value = end < 0 ? undefined : parseValue(`${beginning.toString("utf8", 0, end)}}}`);
  return isObject(value) ? marksOf(value) : undefined;
}

function marksOf(value: Members): RunMarks | undefined {
  const { remoteRunId, remoteExperimentId, localMark, remoteMark } = value;
  if (!isIdOrNull(remoteRunId) || !isIdOrNull(remoteExperimentId)) return undefined;
  if (!isTextOrNull(localMark) || !isTextOrNull(remoteMark)) return undefined;
  return { remoteRunId, remoteExperimentId, localMark, remoteMark };
}

/** A state as it was written; undefined for anything else. A journal may come with a clone: every part is checked. */
export function parseState(runId: string, value: unknown): RunState | undefined {
  if (!isObject(value)) return undefined;
  const { watermarks, artifacts } = value;
  const marks = marksOf(value);
  const common = value["common"] === null ? null : parseCommon(value["common"]);
  const receipt = value["receipt"] === null ? null : parseReceipt(value["receipt"]);
  if (marks === undefined || common === undefined || receipt === undefined) return undefined;
  if (!isRecordOf(watermarks, isWatermark) || !isRecordOf(artifacts, isText)) return undefined;
  const refused = value["refused"] === undefined ? {} : parseRefused(value["refused"]);
  if (refused === undefined) return undefined;
  const unclear = value["isUnclear"] === true ? { isUnclear: true as const } : {};
  return { runId, ...marks, common, watermarks, artifacts, receipt, ...refused, ...unclear };
}

function parseRefused(value: unknown): Pick<RunState, "refused"> | undefined {
  if (!Array.isArray(value)) return undefined;
  const refused = value.map(parseRefusal);
  return refused.every((refusal) => refusal !== undefined) ? { refused } : undefined;
}

function parseRefusal(value: unknown): Refusal | undefined {
  if (!isObject(value)) return undefined;
  const what = REFUSED_THINGS.find((known) => known === value["what"]);
  const { key, sha256, sentence } = value;
  if (what === undefined || !isText(key) || !isText(sha256) || !isText(sentence)) return undefined;
  return { what, key, sha256, sentence };
}

const STATUSES = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"] as const;
const STAGES = ["active", "deleted"] as const;

function parseCommon(value: unknown): CommonRecord | undefined {
  if (!isObject(value)) return undefined;
  const { recordDigest, tags, runName } = value;
  const status = STATUSES.find((known) => known === value["status"]);
  const lifecycleStage = STAGES.find((known) => known === value["lifecycleStage"]);
  const endTime = parseTime(value["endTime"]);
  if (!isText(recordDigest) || !isText(runName) || !isRecordOf(tags, isText)) return undefined;
  if (status === undefined || lifecycleStage === undefined || endTime === undefined) return undefined;
  return { recordDigest, tags, runName, status, endTime, lifecycleStage };
}

/** A time as {@link bigintText} writes it; undefined for anything else. */
function parseTime(value: unknown): Integer | null | undefined {
  if (value === null || Number.isSafeInteger(value)) return value as number | null;
  return typeof value === "string" && /^-?\d{1,40}$/.test(value) ? BigInt(value) : undefined;
}

const COUNTS = ["verifiedTime", "params", "tags", "points", "artifacts", "hashedArtifacts"] as const;

function parseReceipt(value: unknown): Receipt | undefined {
  if (!isObject(value) || !COUNTS.every((name) => Number.isSafeInteger(value[name]))) return undefined;
  const { recordDigest, exceptions } = value;
  if (!isText(recordDigest) || !Array.isArray(exceptions) || !exceptions.every(isText)) return undefined;
  const [verifiedTime, params, tags, points, artifacts, hashedArtifacts] = COUNTS.map(
    (name) => value[name] as number,
  ) as [number, number, number, number, number, number];
  return { verifiedTime, recordDigest, params, tags, points, artifacts, hashedArtifacts, exceptions };
}

/** Undefined for anything else. */
export function parseLatest(value: unknown): Readonly<Record<string, string>> | undefined {
  return isRecordOf(value, isText) ? value : undefined;
}

/** Undefined for anything else. */
export function parseLosses(value: unknown): Losses | undefined {
  if (!isObject(value)) return undefined;
  const { gone, less, different } = value;
  if (!isTexts(gone) || !isTexts(less) || !isTexts(different)) return undefined;
  return { gone: new Set(gone), less: new Set(less), different: new Set(different) };
}

/** What {@link parseLosses} reads. */
export function toLossesValue({ gone, less, different }: Losses): unknown {
  return { gone: [...gone], less: [...less], different: [...different] };
}

/** Undefined for anything else. */
export function parseConflicts(value: unknown): readonly Conflict[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const conflicts = value.map(parseConflict);
  return conflicts.every((conflict) => conflict !== undefined) ? conflicts : undefined;
}

function parseConflict(value: unknown): Conflict | undefined {
  if (!isObject(value)) return undefined;
  const field = CONFLICT_FIELDS.find((known) => known === value["field"]);
  const { key, base, mine, theirs } = value;
  if (field === undefined || !isTextOrNull(key) || !isTextOrNull(base)) return undefined;
  return isTextOrNull(mine) && isTextOrNull(theirs) ? { field, key, base, mine, theirs } : undefined;
}

type Members = { readonly [name: string]: unknown };

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

/** Ids of a remote become parts of paths and addresses: the journal is no way to put others there. */
export function isRemoteId(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9][\w-]{0,255}$/.test(value);
}

function isIdOrNull(value: unknown): value is string | null {
  return value === null || isRemoteId(value);
}

type Watermark = RunState["watermarks"][string];

function isWatermark(value: unknown): value is Watermark {
  return isObject(value) && Number.isSafeInteger(value["count"]) && typeof value["sha256"] === "string";
}

function isRecordOf<Value>(
  value: unknown,
  isValue: (value: unknown) => value is Value,
): value is Readonly<Record<string, Value>> {
  return isObject(value) && Object.values(value).every(isValue);
}
