/**
 * Addresses of remotes, by an allow-list: what is not understood whole is refused. The text is looked at before any URL
 * parser, which would quietly turn one address into another.
 */
import { isAbsolute, resolve } from "node:path";
import { RunstoneError } from "../../store-format/index.js";

export const REMOTE_KINDS = ["mlflow", "directory", "ssh"] as const;
export type RemoteKind = (typeof REMOTE_KINDS)[number];

interface Address {
  /** One spelling for each address, fit to be shown and to be parsed again. */
  readonly text: string;
  /** What this user confirms: scheme, host and port of a server, else the whole address. */
  readonly origin: string;
}

/** An MLflow tracking server. */
export interface MlflowAddress extends Address {
  readonly kind: "mlflow";
  /** `http:` or `https:`, without user info, query, fragment and final slash. */
  readonly url: string;
}

export interface DirectoryAddress extends Address {
  readonly kind: "directory";
  /** Absolute. */
  readonly path: string;
}

export interface SshAddress extends Address {
  readonly kind: "ssh";
  /** IPv6 addresses without brackets. */
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
  /** At the far end; begins with `/`, or with `~/` for the home there. */
  readonly path: string;
}

export type RemoteAddress = MlflowAddress | DirectoryAddress | SshAddress;

const FORMS =
  "Known: http://host:port, https://host, an absolute path or file:///path, ssh://user@host/path or host:path.";
const NO_SECRETS =
  "Leave it out of the address; `runstone login REMOTE` asks for it and keeps it outside the workspace.";

/**
 * Throws INVALID_PARAMETER_VALUE; messages never repeat what may be a password. `base`: the directory that relative
 * paths count from; without it they are refused.
 */
export function parseRemoteAddress(text: string, base?: string): RemoteAddress {
  if (text === "") throw refused("it is empty", FORMS);
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|\p{Cs}/u.test(text))
    throw refused("it holds invisible characters", "Type it again without them.");
  if (isAbsolute(text)) return directoryAddress(text);
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined) return parseUrl(scheme, text);
  if (base !== undefined && isPath(text)) return directoryAddress(resolve(base, text));
  if (isPath(text)) throw refused(`the path ${shown(text)} is relative`, "Give an absolute path.");
  return parseScp(text);
}

function isPath(text: string): boolean {
  return /^\.{0,2}(?:[/\\]|$)/.test(text) || !/:/.test(text);
}

function parseUrl(scheme: string, text: string): RemoteAddress {
  const rest = text.slice(scheme.length + 3);
  switch (scheme) {
    case "http":
    case "https":
      return parseHttp(scheme, rest);
    case "file":
      return parseFile(rest);
    case "ssh":
      return parseSsh(rest);
    default:
      throw refused(`the scheme ${scheme}: is not known`, FORMS);
  }
}

function parseHttp(scheme: string, rest: string): MlflowAddress {
  if (rest.includes("@")) throw refused("it holds a user name or password", NO_SECRETS);
  if (/[?#]/.test(rest)) throw refused("it has a query or fragment", "Give the address of the server alone.");
  if (/[\\\s]/.test(rest) || !URL.canParse(`${scheme}://${rest}`)) throw refused("it is no URL", FORMS);
  const url = new URL(`${scheme}://${rest}`);
  if (rest.startsWith("/") || url.port === "0" || url.hostname === "")
    throw refused("it names no host", FORMS);
  const clean = `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
  return { kind: "mlflow", text: clean, origin: url.origin, url: clean };
}

function parseFile(rest: string): DirectoryAddress {
  const path = rest.replace(/^localhost(?=\/)/i, "");
  if (!path.startsWith("/"))
    throw refused("a file: address names no host", "Write file:///path, or the path alone.");
  if (/[?#]/.test(path))
    throw refused(
      "a file: address with a query or fragment",
      "Write # as %23 and ? as %3F, or the path alone.",
    );
  const decoded = percentDecoded(path);
  if (/%2f|%5c/i.test(path) || /\p{Cc}/u.test(decoded)) throw refused("it hides separators", FORMS);
  return directoryAddress(process.platform === "win32" ? decoded.slice(1) : decoded);
}

function percentDecoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause;
    throw refused("it has a % that begins no character", "Write % as %25.");
  }
}

function directoryAddress(path: string): DirectoryAddress {
  const absolute = resolve(path);
  if (!isAbsolute(path) || absolute === resolve("/"))
    throw refused(`${shown(path)} is no directory of its own`, "Give the path of a directory of its own.");
  return { kind: "directory", text: absolute, origin: absolute, path: absolute };
}

/** `user@host:port/path`. */
function parseSsh(rest: string): SshAddress {
  const slash = rest.indexOf("/");
  if (slash < 0) throw refused("it has no path", "Write ssh://user@host/path.");
  const authority = rest.slice(0, slash);
  const path = percentDecoded(rest.slice(slash));
  const at = authority.lastIndexOf("@");
  const port = /:(\d+)$/.exec(authority.slice(at + 1));
  const host = authority.slice(at + 1, port === null ? undefined : -port[0].length);
  if (/^[^:[\]]+:/.test(host))
    throw refused(
      "after ssh:// the path begins with a slash",
      "Write ssh://host/path, ssh://host/~/path or host:path.",
    );
  if (/^\/~[^/]/.test(path)) throw homeOfAnother();
  return sshAddress({
    host: host.replace(/^\[(.*)\]$/, "$1"),
    ...(at < 0 ? {} : { user: authority.slice(0, at) }),
    ...(port === null ? {} : { port: Number(port[1]) }),
    path: path.startsWith("/~/") ? path.slice(1) : path,
  });
}

/** `user@host:path`, the path below the home there unless it begins with a slash. */
function parseScp(text: string): SshAddress {
  if (/^[a-z0-9+.-]+::/i.test(text)) throw refused("it would start a program", FORMS);
  const found = /^(?:(.*)@)?(\[[^\]]*\]|[^:@[\]]*):(.*)$/s.exec(text);
  const [, user, host = "", path = ""] = found ?? [];
  if (found === null || path === "") throw refused("it is none of the known forms", FORMS);
  if (/^[A-Za-z]$/.test(host) && path.startsWith("\\"))
    throw refused("it is a path of Windows, and this is another system", FORMS);
  if (/^~[^/]/.test(path)) throw homeOfAnother();
  if (/^(?:https?|file|ssh|git|ftp|s3|gs|ext|data|javascript)$/i.test(host))
    throw refused(`${host.toLowerCase()}: is not followed by //`, FORMS);
  return sshAddress({
    host: host.replace(/^\[(.*)\]$/, "$1"),
    ...(user === undefined ? {} : { user }),
    path: /^(?:\/|~\/)/.test(path) ? path : `~/${path}`,
  });
}

function homeOfAnother(): RunstoneError {
  return refused(
    "it names somebody's home directory",
    "Write the whole path, or ~/path for the home of the user who logs in.",
  );
}

type SshParts = Pick<SshAddress, "host" | "path" | "port" | "user">;

const HOST =
  /^(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+(?:%[A-Za-z0-9]+)?)$/;
const USER = /^[A-Za-z0-9_][A-Za-z0-9._-]*\$?$/;

function sshAddress(parts: SshParts): SshAddress {
  const { host, user, port, path } = parts;
  if (user?.includes(":")) throw refused("it holds a password", "Use a key or an agent; ssh asks else.");
  if (!HOST.test(host))
    throw refused(
      "ssh could take its host for something else",
      "Names, IP addresses and hosts of ~/.ssh/config.",
    );
  if (user !== undefined && !USER.test(user))
    throw refused("ssh could take its user for something else", "Write user@host.");
  if (port !== undefined && (port < 1 || port > 65_535))
    throw refused("there is no such port", "1 to 65535.");
  if (/\p{Cc}/u.test(path) || /^(?:\/|~\/)\/*$/.test(path))
    throw refused("it has no path", "Write ssh://user@host/path.");
  const name = host.includes(":") ? `[${host}]` : host;
  const login = user === undefined ? "" : `${user}@`;
  const at = port === undefined ? "" : `:${port}`;
  const below = path.startsWith("~") ? `/${path}` : path;
  const text = `ssh://${login}${name}${at}${encodeURI(below).replace(/[?#]/g, encodeURIComponent)}`;
  return { kind: "ssh", text, origin: text, ...parts };
}

/** A part of an address that can hold no password. */
function shown(text: string): string {
  const cut = text.length > 200 ? `${text.slice(0, 200)}...` : text;
  return JSON.stringify(cut.replace(/^[^/]*@/, ""));
}

function refused(what: string, hint: string): RunstoneError {
  return new RunstoneError("INVALID_PARAMETER_VALUE", `this address cannot be used: ${what}`, {
    hint,
    data: {},
  });
}
