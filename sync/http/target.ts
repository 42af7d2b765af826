/** The server's address: what is under it, and whether credentials may go there. */
import { RunstoneError } from "../../store-format/index.js";
import type { HttpCredentials, HttpSettings } from "./settings.js";

export interface Target {
  /** Scheme, host and port; messages show it. */
  readonly origin: string;
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
  /** Path before every request's own; empty, or begins with `/` and does not end so. */
  readonly prefix: string;
}

/**
 * Throws INVALID_PARAMETER_VALUE for an address that is none of http or https, that holds a user name or a query, or
 * (security: plain text on the wire) when credentials would go over plain http to another machine.
 */
export function parseTarget({ url, credentials, allowPlainHttp }: HttpSettings): Target {
  const parsed = parseUrl(url);
  const secure = parsed.protocol === "https:";
  const target = {
    origin: parsed.origin,
    secure,
    hostname: parsed.hostname,
    port: Number(parsed.port) || (secure ? 443 : 80),
    prefix: parsed.pathname.replace(/\/+$/, ""),
  };
  if (credentials.kind !== "none" && !secure && !allowPlainHttp && !isLoopback(target.hostname))
    throw new RunstoneError(
      "INVALID_PARAMETER_VALUE",
      `a password or token for ${target.origin} would be sent where everybody on the way can read it`,
      {
        hint: "Use an https: address, or allow it for a network you trust: RUNSTONE_ALLOW_PLAIN_HTTP=1.",
        data: { origin: target.origin },
      },
    );
  return target;
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const problem =
    url === null || url.hostname === ""
      ? "is no URL"
      : !["http:", "https:"].includes(url.protocol)
        ? "is neither http: nor https:"
        : url.username !== "" || url.password !== ""
          ? "holds a user name or password"
          : url.search !== "" || url.hash !== ""
            ? "holds a query or fragment"
            : undefined;
  if (url !== null && problem === undefined) return url;
  throw new RunstoneError("INVALID_PARAMETER_VALUE", `the address ${withoutSecrets(text)} ${problem}`, {
    hint: "Give an address such as https://mlflow.example.org or http://localhost:5000/prefix.",
    data: { url: withoutSecrets(text) },
  });
}

/** An address without user name, password, query and fragment: fit to be shown. */
export function withoutSecrets(url: string): string {
  return url
    .replace(/^([a-z][a-z0-9+.-]*:\/*)[^/?#]*@/i, "$1")
    .replace(/[?#].*$/s, "")
    .replace(/\p{C}/gu, "");
}

/** True for names and addresses that are this machine. */
export function isLoopback(hostname: string): boolean {
  const name = hostname.toLowerCase();
  return (
    name === "localhost" ||
    name.endsWith(".localhost") ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name) ||
    name === "[::1]"
  );
}

/** The value of `Authorization`, or null. Throws INVALID_PARAMETER_VALUE for what no header can carry. */
export function authorization(credentials: HttpCredentials): string | null {
  if (credentials.kind === "none") return null;
  if (credentials.kind === "bearer") return `Bearer ${checkToken(credentials.token)}`;
  const pair = `${credentials.username}:${credentials.password}`;
  return `Basic ${Buffer.from(pair, "utf8").toString("base64")}`;
}

function checkToken(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    "the token holds blanks or characters that no header can carry",
    {
      hint: "Copy the token again, without line breaks.",
    },
  );
}
