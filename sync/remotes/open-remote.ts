/** From a remote's name to what is needed to speak with it: only where this user confirmed the address. */

import { RunstoneError } from "../../store-format/index.js";
import { PATIENT, type Timings, timings } from "../http/timings.js";
import type { RemoteAddress } from "./address.js";
import { type Credentials, credentialsOf } from "./credentials.js";
import {
  type Environment,
  type PrivateRemote,
  privateDirectoryOf,
  readPrivateRemote,
} from "./private-settings.js";
import { readRemote } from "./read-remotes.js";
import type { RemoteSettings } from "./settings.js";

export interface OpenRemoteOptions {
  readonly workspace: string;
  readonly name: string;
  readonly env: Environment;
  /** Default: this one. */
  readonly platform?: NodeJS.Platform;
  /** Says what is not heeded in the config, and what is dangerous in the user's own settings. */
  readonly warn: (message: string) => void;
}

/** Where the credentials of a remote come from; `MLFLOW_TRACKING_TOKEN` and the like go before a login. */
export type CredentialSource = "environment" | "login" | "command" | "none";

/** How a server is reached, in the words of the HTTP client's settings. */
export interface HttpAccess {
  readonly url: string;
  readonly allowPlainHttp: boolean;
  readonly insecureTls: boolean;
  /** `""`: the usual authorities. */
  readonly caFile: string;
  /** `""`: none. */
  readonly clientCertificate: string;
  readonly proxy: { readonly http: string; readonly https: string; readonly none: string };
  readonly timings: Timings;
}

/** A remote that may be spoken with. */
export interface OpenedRemote {
  readonly name: string;
  readonly workspace: string;
  readonly settings: RemoteSettings;
  readonly address: RemoteAddress;
  readonly credentialSource: CredentialSource;
  /**
   * As they are now: the login is read anew and the credential command is asked each time, so that this also renews what a
   * server refuses. Throws UNAUTHENTICATED, and UNTRUSTED_REMOTE when the confirmation was taken back.
   */
  credentials(): Promise<Credentials>;
  /** Null: not a server. */
  readonly http: HttpAccess | null;
}

/**
 * Throws RESOURCE_DOES_NOT_EXIST, UNTRUSTED_REMOTE (this user has not confirmed the address), DAMAGED, PERMISSION_DENIED
 * (others can read the credentials) and typed I/O errors. Speaks with nobody.
 */
export function openRemote(options: OpenRemoteOptions): OpenedRemote {
  const { workspace, name, warn } = options;
  const settings = readRemote(workspace, name);
  for (const note of settings.ignored) warn(note);
  const trust = trustIn(settings, options);
  if (!trust.isConfirmed) throw untrusted(settings, trust);
  return opened(settings, trust, { ...options, credentials: () => credentialsNow(settings, options) });
}

/** As {@link openRemote}, of a remote whose address the user has just given, and which no private file speaks of. Throws nothing. */
export function openTypedRemote(settings: RemoteSettings, options: OpenRemoteOptions): OpenedRemote {
  const { env, workspace } = options;
  const isInEnvironment =
    settings.address.kind === "mlflow" && originOf(env["MLFLOW_TRACKING_URI"]) === settings.address.origin;
  const trust: Trust = { isConfirmed: true, before: null, own: null, isInEnvironment };
  const credentials = () => chooseLogin(trust, env).credentials(env, workspace);
  return opened(settings, trust, { ...options, credentials });
}

function opened(
  settings: RemoteSettings,
  trust: Trust,
  options: OpenRemoteOptions & Pick<OpenedRemote, "credentials">,
): OpenedRemote {
  const { workspace, name, env, warn, credentials } = options;
  const found = chooseLogin(trust, env);
  const http = httpAccess(settings.address, trust, env);
  if (http?.insecureTls)
    warn(`the certificate of ${name} is not checked: anybody on the way can read and change what is sent`);
  return {
    name,
    workspace,
    settings,
    address: settings.address,
    credentialSource: settings.address.kind === "mlflow" ? found.source : "none",
    http,
    credentials,
  };
}

async function credentialsNow(settings: RemoteSettings, options: OpenRemoteOptions): Promise<Credentials> {
  if (settings.address.kind !== "mlflow") return { kind: "none" };
  const trust = trustIn(settings, options);
  if (!trust.isConfirmed) throw untrusted(settings, trust);
  return chooseLogin(trust, options.env).credentials(options.env, options.workspace);
}

export interface Trust {
  readonly isConfirmed: boolean;
  /** What this user confirmed before for this remote; another address now. Null: nothing. */
  readonly before: string | null;
  /** What the user set for this very address. */
  readonly own: PrivateRemote | null;
  /** Whether MLflow's variables speak of this very server. */
  readonly isInEnvironment: boolean;
}

/** Throws PERMISSION_DENIED, DAMAGED and typed I/O errors of the user's file. */
export function trustIn(
  { address, name }: Pick<RemoteSettings, "address" | "name">,
  { workspace, env, platform = process.platform }: Pick<OpenRemoteOptions, "workspace" | "env" | "platform">,
): Trust {
  const known = readPrivateRemote(privateDirectoryOf(env, platform), { workspace, name });
  const own = known?.confirmed === address.origin ? known : null;
  const isInEnvironment =
    address.kind === "mlflow" && originOf(env["MLFLOW_TRACKING_URI"]) === address.origin;
  const before = own === null ? (known?.confirmed ?? null) : null;
  return { isConfirmed: own !== null || isInEnvironment, before, own, isInEnvironment };
}

function originOf(uri: string | undefined): string | null {
  if (uri === undefined || !/^https?:\/\//i.test(uri) || !URL.canParse(uri)) return null;
  return new URL(uri).origin;
}

/** What somebody is told who has not confirmed the address. */
export function untrusted({ name, address }: RemoteSettings, { before }: Trust): RunstoneError {
  const changed =
    before === null ? "" : `; you confirmed ${before}, and the workspace's config says another address now`;
  return new RunstoneError(
    "UNTRUSTED_REMOTE",
    `you have not confirmed the address of the remote ${name}: ${address.text}${changed}`,
    {
      hint: `A config may come with a clone. If you know this address: runstone remote set ${name} --trust`,
      data: { remote: name, address: address.text, confirmed: before },
    },
  );
}

interface FoundLogin {
  readonly source: CredentialSource;
  credentials(env: Environment, cwd: string): Promise<Credentials>;
}

/**
 * MLflow's variables when they name this server; else the login; else the variables, when they name no server at all.
 * Those that name another server are that server's.
 */
export function chooseLogin({ own, isInEnvironment }: Trust, env: Environment): FoundLogin {
  const fromVariables = environmentCredentials(env);
  const variables: FoundLogin = { source: "environment", credentials: async () => fromVariables };
  const login = own?.login ?? null;
  if (isInEnvironment && fromVariables.kind !== "none") return variables;
  if (login !== null)
    return {
      source: login.kind === "command" ? "command" : "login",
      credentials: (given, cwd) => credentialsOf(login, given, cwd),
    };
  if ((env["MLFLOW_TRACKING_URI"] ?? "") === "" && fromVariables.kind !== "none") return variables;
  return { source: "none", credentials: async () => ({ kind: "none" }) };
}

/** A user name goes before a token, as in MLflow. */
function environmentCredentials(env: Environment): Credentials {
  const username = env["MLFLOW_TRACKING_USERNAME"] ?? "";
  const token = env["MLFLOW_TRACKING_TOKEN"] ?? "";
  if (username !== "") return { kind: "basic", username, password: env["MLFLOW_TRACKING_PASSWORD"] ?? "" };
  return token === "" ? { kind: "none" } : { kind: "bearer", token };
}

/** Switches of the environment that weaken count only for the server that it names. */
function httpAccess(
  address: RemoteAddress,
  { own, isInEnvironment }: Trust,
  env: Environment,
): HttpAccess | null {
  if (address.kind !== "mlflow") return null;
  const isInsecure = isInEnvironment && /^(?:true|1)$/i.test(env["MLFLOW_TRACKING_INSECURE_TLS"] ?? "");
  return {
    url: address.url,
    allowPlainHttp: (own?.plainHttp ?? false) || env["RUNSTONE_ALLOW_PLAIN_HTTP"] === "1",
    insecureTls: (own?.insecureTls ?? false) || isInsecure,
    caFile: env["MLFLOW_TRACKING_SERVER_CERT_PATH"] ?? "",
    clientCertificate:
      isInEnvironment || (env["MLFLOW_TRACKING_URI"] ?? "") === ""
        ? (env["MLFLOW_TRACKING_CLIENT_CERT_PATH"] ?? "")
        : "",
    proxy: {
      http: either(env, "http_proxy") || either(env, "all_proxy"),
      https: either(env, "https_proxy") || either(env, "all_proxy"),
      none: either(env, "no_proxy"),
    },
    timings: timings(env, PATIENT),
  };
}

/** The lower-case spelling goes first, as with curl. */
function either(env: Environment, name: string): string {
  return env[name] ?? env[name.toUpperCase()] ?? "";
}
