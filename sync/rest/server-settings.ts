/**
 * How a server is reached that the user named by its address, from MLflow's variables. A caller passes the environment in.
 * What speaks of another server than the one named, credentials above all, is not used for it.
 */
import { join } from "node:path";
import { readBytesIfExists } from "../../core/fs/index.js";
import { decodeUtf8Lossy } from "../../store-format/index.js";
import { DEFAULT_HTTP_SETTINGS, type HttpCredentials, type HttpSettings } from "../http/settings.js";
import { INTERACTIVE, PATIENT, timings } from "../http/timings.js";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ServerSettingsOptions {
  readonly env: Environment;
  /** The user's home, where MLflow keeps `.mlflow/credentials`; null: none. */
  readonly home: string | null;
  /** Somebody waits: fewer and shorter retries, where MLflow's variables do not say otherwise. */
  readonly interactive?: boolean;
}

/** True for the address of a server, as `--store` and `setTrackingUri` take it. */
export function isServerAddress(uri: string): boolean {
  return /^https?:\/\//i.test(uri);
}

/**
 * `uri` may hold a user name and password, as MLflow takes them; they are in the credentials of the answer, not in its
 * address. Throws INVALID_PARAMETER_VALUE for a variable that holds no number where one is wanted.
 */
export function serverSettings(uri: string, options: ServerSettingsOptions): HttpSettings {
  const { env, interactive = false } = options;
  const { url, credentials: given } = splitAddress(uri);
  const named = namedServer(env);
  const isOurs = named === null || named.origin === originOf(url);
  return {
    ...DEFAULT_HTTP_SETTINGS,
    url,
    credentials: given ?? (isOurs ? foundCredentials(options, named?.uri) : { kind: "none" }),
    headers: workspaceHeader(env),
    allowPlainHttp: env["RUNSTONE_ALLOW_PLAIN_HTTP"] === "1",
    insecureTls: isOurs && isTrue(env["MLFLOW_TRACKING_INSECURE_TLS"]),
    caFile: env["MLFLOW_TRACKING_SERVER_CERT_PATH"] ?? "",
    clientCertificate: isOurs ? (env["MLFLOW_TRACKING_CLIENT_CERT_PATH"] ?? "") : "",
    proxy: {
      http: either(env, "http_proxy") || either(env, "all_proxy"),
      https: either(env, "https_proxy") || either(env, "all_proxy"),
      none: either(env, "no_proxy"),
    },
    ...timings(env, interactive ? INTERACTIVE : PATIENT),
  };
}

function splitAddress(uri: string): { readonly url: string; readonly credentials: HttpCredentials | null } {
  if (!URL.canParse(uri)) return { url: uri, credentials: null };
  const parsed = new URL(uri);
  const { username, password } = parsed;
  if (username === "" && password === "") return { url: uri.replace(/\/+$/, ""), credentials: null };
  parsed.username = "";
  parsed.password = "";
  const credentials = { kind: "basic", username: decoded(username), password: decoded(password) } as const;
  return { url: parsed.href.replace(/\/+$/, ""), credentials };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

function originOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).origin : null;
}

/** The server that MLflow's variables speak of; null: none in particular. */
function namedServer(env: Environment): { readonly origin: string | null; readonly uri: string } | null {
  const uri = env["MLFLOW_TRACKING_URI"] ?? "";
  return isServerAddress(uri) ? { origin: originOf(uri), uri } : null;
}

/** A user name goes before a token, and a variable before MLflow's file, as in MLflow. */
function foundCredentials(options: ServerSettingsOptions, named: string | undefined): HttpCredentials {
  const { env } = options;
  const inAddress = named === undefined ? null : splitAddress(named).credentials;
  const saved = savedCredentials(options);
  const username = env["MLFLOW_TRACKING_USERNAME"] || saved["mlflow_tracking_username"] || "";
  const password = env["MLFLOW_TRACKING_PASSWORD"] || saved["mlflow_tracking_password"] || "";
  if (username !== "" && password !== "") return { kind: "basic", username, password };
  const token = env["MLFLOW_TRACKING_TOKEN"] ?? "";
  if (token !== "") return { kind: "bearer", token };
  return inAddress ?? { kind: "none" };
}

/** `~/.mlflow/credentials`, an INI file with a section `[mlflow]`. */
function savedCredentials({ home }: ServerSettingsOptions): Readonly<Record<string, string>> {
  if (home === null) return {};
  const bytes = readBytesIfExists(join(home, ".mlflow", "credentials"));
  const found: Record<string, string> = Object.create(null);
  let section = "";
  for (const line of bytes === null ? [] : decodeUtf8Lossy(bytes).split(/\r?\n/)) {
    section = /^\[([^\]]*)\]\s*$/.exec(line)?.[1] ?? section;
    const [, key = "", value = ""] = /^([A-Za-z_]+)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (section === "mlflow" && key !== "") found[key.toLowerCase()] = value;
  }
  return found;
}

function workspaceHeader(env: Environment): Readonly<Record<string, string>> {
  const workspace = env["MLFLOW_WORKSPACE"] ?? "";
  return workspace === "" ? {} : { "x-mlflow-workspace": workspace };
}

function isTrue(text: string | undefined): boolean {
  return /^(?:true|1)$/i.test(text ?? "");
}

/** The lower-case spelling goes first, as with curl. */
function either(env: Environment, name: string): string {
  return env[name] ?? env[name.toUpperCase()] ?? "";
}
