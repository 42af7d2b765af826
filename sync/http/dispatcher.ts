/** The kept connections to a server, straight or through a proxy. */
import { Agent, type Dispatcher, Pool, ProxyAgent } from "undici";
import { readBytes, realPathIfExists } from "../../core/fs/index.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import type { HttpSettings } from "./settings.js";
import { isLoopback, type Target, withoutSecrets } from "./target.js";

/** Below what servers wait for (uvicorn 5 s), so that no request meets a connection that is being closed. */
const IDLE_MS = 3_000;

/** Throws INVALID_PARAMETER_VALUE: certificates that cannot be read, an address of a proxy that is none. */
export function makeDispatcher(settings: HttpSettings, target: Target): Dispatcher {
  const { timeoutMs, connections } = settings;
  const tls = tlsOptions(settings);
  const options = {
    connections,
    pipelining: 1,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  };
  const connect = { ...tls, timeout: timeoutMs };
  const proxy = chooseProxy(settings, target);
  if (proxy === "") return new Agent({ ...options, connect });
  return new ProxyAgent({
    ...options,
    uri: checkProxy(proxy),
    requestTls: connect,
    proxyTls: { timeout: timeoutMs },
    // Proxies take plain requests as they are; many refuse a tunnel to ports other than 443.
    proxyTunnel: target.secure,
    factory: (origin, pool) => new Pool(origin, { ...pool, ...options }),
  });
}

interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

function tlsOptions({ insecureTls, caFile, clientCertificate }: HttpSettings): TlsOptions {
  const own = clientCertificate === "" ? null : readPem(clientCertificate);
  return {
    rejectUnauthorized: !insecureTls,
    ...(caFile === "" ? {} : { ca: readPem(caFile) }),
    ...(own === null ? {} : { cert: own, key: own }),
  };
}

function readPem(path: string): Buffer {
  try {
    return Buffer.from(readBytes(realPathIfExists(path) ?? path));
  } catch (cause) {
    if (!isRunstoneError(cause)) throw cause;
    throw new RunstoneError("INVALID_PARAMETER_VALUE", `cannot read the certificates in ${path}`, {
      hint: "Give the path of a readable file in PEM form.",
      data: { path },
      cause,
    });
  }
}

/** The address of the proxy for this target; empty: none. */
export function chooseProxy({ proxy }: HttpSettings, target: Target): string {
  if (isLoopback(target.hostname) || isExcepted(proxy.none, target)) return "";
  return target.secure ? proxy.https : proxy.http;
}

/** NO_PROXY: host names, each with all below it, perhaps with a port; `*` is every host. */
function isExcepted(list: string, { hostname, port }: Target): boolean {
  return list
    .toLowerCase()
    .split(/[,\s]+/)
    .some((entry) => {
      if (entry === "*") return true;
      const [, host = "", onlyPort] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry) ?? [];
      if (host === "" || (onlyPort !== undefined && Number(onlyPort) !== port)) return false;
      return hostname === host || hostname === `[${host}]` || hostname.endsWith(`.${host}`);
    });
}

function checkProxy(uri: string): string {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(uri) ? uri : `http://${uri}`;
  if (URL.canParse(full) && ["http:", "https:"].includes(new URL(full).protocol)) return full;
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `the proxy ${withoutSecrets(full)} is no http: or https: address`,
    {
      hint: "Check HTTP_PROXY and HTTPS_PROXY.",
    },
  );
}
