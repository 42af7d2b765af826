/** Time-outs, retries and waits, by the variables that MLflow's clients know. The caller passes the environment in. */
import { RunstoneError } from "../../store-format/index.js";
import { DEFAULT_HTTP_SETTINGS, type HttpSettings } from "./settings.js";

export type Patience = Pick<HttpSettings, "maxRetries" | "backoffMs" | "jitterMs" | "maxTotalMs">;
export type Timings = Patience & Pick<HttpSettings, "timeoutMs" | "respectRetryAfter">;

export const PATIENT: Patience = DEFAULT_HTTP_SETTINGS;
/** Somebody waits. */
export const INTERACTIVE: Patience = { maxRetries: 4, backoffMs: 250, jitterMs: 100, maxTotalMs: 60_000 };

/** Retries and time-outs by MLflow's variables. Throws INVALID_PARAMETER_VALUE for a variable that holds no number. */
export function timings(env: Readonly<Record<string, string | undefined>>, otherwise: Patience): Timings {
  const seconds = (name: string, ms: number): number => numberIn(env, name, ms / 1000) * 1000;
  return {
    timeoutMs: seconds("MLFLOW_HTTP_REQUEST_TIMEOUT", DEFAULT_HTTP_SETTINGS.timeoutMs),
    maxRetries: Math.floor(numberIn(env, "MLFLOW_HTTP_REQUEST_MAX_RETRIES", otherwise.maxRetries)),
    backoffMs: seconds("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", otherwise.backoffMs),
    jitterMs: seconds("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", otherwise.jitterMs),
    maxTotalMs: otherwise.maxTotalMs,
    respectRetryAfter: !/^(?:false|0)$/i.test(env["MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER"] ?? ""),
  };
}

/** How long the far end of ssh may take to say hello. Throws INVALID_PARAMETER_VALUE for a variable that holds no number. */
export function greetingTimeoutMs(env: Readonly<Record<string, string | undefined>>): number {
  return numberIn(env, "RUNSTONE_SSH_TIMEOUT", GREETING_SECONDS) * 1000;
}

const GREETING_SECONDS = 60;

function numberIn(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  otherwise: number,
): number {
  const text = (env[name] ?? "").trim();
  if (text === "") return otherwise;
  if (/^\d{1,7}(?:\.\d+)?$/.test(text)) return Number(text);
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `${name} holds no number: ${JSON.stringify(text.slice(0, 80))}`,
    {
      hint: `Set it to a number, such as ${otherwise}, or unset it.`,
      data: { variable: name },
    },
  );
}
