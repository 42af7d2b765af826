/** A try that failed: what it means, and whether trying again can help or harm. */
import { RunstoneError } from "../../store-format/index.js";

export class Failure {
  readonly error: RunstoneError;
  /** Trying again may help. */
  readonly retriable: boolean;
  /** The server surely did nothing. */
  readonly untouched: boolean;
  /** The server asked to wait that long. */
  readonly retryAfterMs: number | null;

  constructor(
    error: RunstoneError,
    facts: {
      readonly retriable: boolean;
      readonly untouched: boolean;
      readonly retryAfterMs?: number | null;
    },
  ) {
    this.error = error;
    this.retriable = facts.retriable;
    this.untouched = facts.untouched;
    this.retryAfterMs = facts.retryAfterMs ?? null;
  }
}

/** The request never left: name not found, nobody listening, no route. */
const NOT_CONNECTED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_NODATA",
  "EAI_NONAME",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
]);

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there",
  ENOTFOUND: "the host is not known",
  EAI_AGAIN: "the name server does not answer",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
  ECONNRESET: "the connection was reset",
  EPIPE: "the connection was closed",
  UND_ERR_SOCKET: "the connection was closed",
  UND_ERR_CONNECT_TIMEOUT: "the connection took too long",
  ETIMEDOUT: "it took too long",
  UND_ERR_HEADERS_TIMEOUT: "the answer took too long",
  UND_ERR_BODY_TIMEOUT: "the answer stopped coming",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "the answer was cut",
  UND_ERR_ABORTED: "the answer was cut",
};

export interface FailedTry {
  readonly endpoint: string;
  readonly origin: string;
}

/** What an error of the connection means: REMOTE_UNREACHABLE. Errors that are not of the connection are thrown on. */
export function connectionFailure(cause: unknown, { endpoint, origin }: FailedTry): Failure {
  const code = codeOf(cause);
  if (code === undefined) throw cause;
  if (isTlsProblem(code)) return tlsFailure(cause, code, { endpoint, origin });
  const proxied = cause instanceof Error && /Proxy/.test(cause.message) ? cause.message : undefined;
  const reason = proxied ?? REASONS[code] ?? code;
  const error = new RunstoneError("REMOTE_UNREACHABLE", `${endpoint}: no answer from ${origin}: ${reason}`, {
    hint:
      proxied === undefined
        ? "Check the address, the network and that the server runs."
        : "Check the proxy settings.",
    data: { endpoint, origin, reason: code },
    cause,
  });
  return new Failure(error, {
    retriable: proxied === undefined,
    untouched: proxied !== undefined || NOT_CONNECTED.has(code),
  });
}

function tlsFailure(cause: unknown, code: string, { endpoint, origin }: FailedTry): Failure {
  const why = cause instanceof Error ? cause.message : code;
  const error = new RunstoneError(
    "REMOTE_UNREACHABLE",
    `${endpoint}: no trusted connection to ${origin}: ${why}`,
    {
      hint: "Name the file with the server's authority (MLFLOW_TRACKING_SERVER_CERT_PATH) or check the address.",
      data: { endpoint, origin, reason: code },
      cause,
    },
  );
  return new Failure(error, { retriable: false, untouched: true });
}

function isTlsProblem(code: string): boolean {
  return /^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_|INVALID_CA|UND_ERR_PRX_TLS|EPROTO)/.test(
    code,
  );
}

/** The code of an error of the network or of the HTTP library. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, syscall, name } = error as NodeJS.ErrnoException;
  if (typeof code !== "string") return name === "HTTPParserError" ? "HPE" : undefined;
  const ofNetwork = syscall !== undefined || error instanceof AggregateError || NOT_CONNECTED.has(code);
  return ofNetwork || code in REASONS || /^(?:UND_ERR_|HPE_)/.test(code) || isTlsProblem(code)
    ? code
    : undefined;
}

/** The same error that says more. */
export function withData(error: RunstoneError, more: Readonly<Record<string, unknown>>): RunstoneError {
  return new RunstoneError(error.code, error.message, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.cause === undefined ? {} : { cause: error.cause }),
    data: { ...error.data, ...more },
  });
}
