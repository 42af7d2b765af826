/** Error answers of MLflow's API as `RunstoneError`, and the other way round. */
import { type ErrorCode, RunstoneError } from "../../store-format/index.js";
import { MLFLOW_ERROR_STATUSES, mlflowErrorStatus } from "./error-statuses.js";
import { isJsonObject, type Json, type JsonInput, parseJson } from "./json.js";

export interface ErrorAnswer {
  readonly status: number;
  /** As it came; cut by the caller to a sensible length. */
  readonly body: string;
  /** `POST mlflow/runs/create`. */
  readonly endpoint: string;
}

/** Our codes that MLflow has, too, with the same meaning. */
const SHARED_CODES: readonly ErrorCode[] = [
  "INVALID_PARAMETER_VALUE",
  "RESOURCE_DOES_NOT_EXIST",
  "RESOURCE_ALREADY_EXISTS",
  "INVALID_STATE",
  "UNAUTHENTICATED",
];
/** What MLflow calls an invalid parameter and we call by what it is. Its own tests match on these words. */
const NARROWER: readonly (readonly [RegExp, ErrorCode])[] = [
  [/Changing param values is not allowed/i, "PARAM_CONFLICT"],
  [/must be in (?:the )?'?(?:active|deleted)'? (?:lifecycle_)?state/i, "INVALID_STATE"],
];
/** `--no-serve-artifacts` and `--artifacts-only` answer 503 for good. */
const SWITCHED_OFF = /disabled due to the mlflow server running in/i;
const SHOWN = 400;

/**
 * The error that an answer with a status of 400 or more means. MLflow's codes stay where we have them; 401 is
 * UNAUTHENTICATED; all else, 403 among it (PERMISSION_DENIED is about files here), is REMOTE_FAILED. `data` always has
 * `status`, `errorCode` (MLflow's, by the status when the answer names none) and `endpoint`.
 */
export function parseError({ status, body, endpoint }: ErrorAnswer): RunstoneError {
  const { errorCode, message } = parseErrorBody(status, body);
  const said = message === "" ? "" : `: ${message}`;
  return new RunstoneError(
    codeOf(status, errorCode, message),
    `${endpoint} failed with ${status} ${errorCode}${said}`,
    {
      ...hintFor(status, errorCode),
      data: { status, errorCode, endpoint },
    },
  );
}

/** True when an answer that looks as if a repeat could help says that it cannot. */
export function isFinalError(status: number, body: string): boolean {
  const { errorCode } = parseErrorBody(status, body);
  if (status === 503 && SWITCHED_OFF.test(body)) return true;
  return status >= 500 && ["INVALID_STATE", "NOT_IMPLEMENTED", "DATA_LOSS"].includes(errorCode);
}

function codeOf(status: number, errorCode: string, message: string): ErrorCode {
  if (status === 401) return "UNAUTHENTICATED";
  if (status === 503 && SWITCHED_OFF.test(message)) return "UNSUPPORTED";
  const shared = SHARED_CODES.find((code) => code === errorCode);
  if (shared !== "INVALID_PARAMETER_VALUE") return shared ?? "REMOTE_FAILED";
  return NARROWER.find(([words]) => words.test(message))?.[1] ?? shared;
}

function parseErrorBody(
  status: number,
  body: string,
): { readonly errorCode: string; readonly message: string } {
  const json = tryParse(body);
  if (!isJsonObject(json)) return { errorCode: codeOfStatus(status), message: plainText(body) };
  const { error_code: code, message } = json;
  return {
    errorCode: typeof code === "string" && /^[A-Z_]{1,64}$/.test(code) ? code : codeOfStatus(status),
    message: typeof message === "string" ? shorten(message) : "",
  };
}

function tryParse(body: string): Json | undefined {
  try {
    return parseJson(body);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** As MLflow's client reads an answer that names no code. */
function codeOfStatus(status: number): string {
  const known: Readonly<Record<number, string>> = {
    400: "BAD_REQUEST",
    404: "ENDPOINT_NOT_FOUND",
    409: "RESOURCE_CONFLICT",
    429: "REQUEST_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
  };
  const found = Object.keys(MLFLOW_ERROR_STATUSES).find((code) => MLFLOW_ERROR_STATUSES[code] === status);
  return known[status] ?? found ?? "INTERNAL_ERROR";
}

/** What a page of HTML says; one line. */
function plainText(body: string): string {
  return shorten(body.slice(0, 10_000).replace(/<(?:style|script|title)[\s\S]*?<\/[a-z]+>|<[^<>]*>/gi, " "));
}

function shorten(text: string): string {
  const line = text.replace(/[\s\p{C}]+/gu, " ").trim();
  return line.length > SHOWN ? `${line.slice(0, SHOWN)}...` : line;
}

function hintFor(status: number, errorCode: string): { readonly hint?: string } {
  if (status === 401)
    return { hint: "Give a user name and password or a token (`runstone login`, or MLFLOW_TRACKING_*)." };
  if (status === 403)
    return { hint: "This account may not do that there, or the server does not answer to this host name." };
  if (status === 413) return { hint: "Something between here and the server limits the size of a request." };
  if (errorCode === "ENDPOINT_NOT_FOUND")
    return {
      hint: "The server may be too old for this, or the address is not that of an MLflow tracking server.",
    };
  return {};
}

/** The answer a server of ours gives for an error: status and body. */
export function serializeError(error: RunstoneError): { readonly status: number; readonly body: JsonInput } {
  const errorCode = WIRE_CODES[error.code] ?? error.code;
  const known = Object.hasOwn(MLFLOW_ERROR_STATUSES, errorCode) ? errorCode : "INTERNAL_ERROR";
  return { status: mlflowErrorStatus(known), body: { error_code: known, message: error.message } };
}

/** INVALID_STATE is a 500 at MLflow, which its clients repeat for minutes: MLflow itself answers as here. */
const WIRE_CODES: Readonly<Partial<Record<ErrorCode, string>>> = {
  PARAM_CONFLICT: "INVALID_PARAMETER_VALUE",
  INVALID_STATE: "INVALID_PARAMETER_VALUE",
  USAGE: "INVALID_PARAMETER_VALUE",
  UNSUPPORTED: "NOT_IMPLEMENTED",
  LEASE_HELD: "RESOURCE_CONFLICT",
  SYNC_CONFLICT: "RESOURCE_CONFLICT",
  REMOTE_UNREACHABLE: "TEMPORARILY_UNAVAILABLE",
};
