/** How a server is reached. Made by the caller: nothing here reads the environment. */

export type HttpCredentials =
  | { readonly kind: "none" }
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | { readonly kind: "bearer"; readonly token: string };

/** As in HTTP_PROXY, HTTPS_PROXY and NO_PROXY; `""`: none. Loopback addresses are never asked through a proxy. */
export interface ProxySettings {
  readonly http: string;
  readonly https: string;
  readonly none: string;
}

export interface HttpSettings {
  /** `http:` or `https:`, a path prefix is kept, no user name in it. */
  readonly url: string;
  readonly credentials: HttpCredentials;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Lets credentials go over plain http to other hosts than this one. */
  readonly allowPlainHttp: boolean;
  /** Takes any certificate of the server. */
  readonly insecureTls: boolean;
  /** PEM file of the authorities to trust instead of the usual ones; `""`: the usual ones. */
  readonly caFile: string;
  /** PEM file with the certificate of this client and its key; `""`: none. */
  readonly clientCertificate: string;
  readonly proxy: ProxySettings;
  /** How long a connection, the beginning of an answer, or the next bytes of one may take. */
  readonly timeoutMs: number;
  /** Tries after the first. */
  readonly maxRetries: number;
  /** The wait before retry n is random below `backoffMs` times 2 to the n (30 s at most), and below `jitterMs` more. */
  readonly backoffMs: number;
  readonly jitterMs: number;
  /** Waits as long as the server's Retry-After says, two minutes at most. */
  readonly respectRetryAfter: boolean;
  /** No retry begins later than this after the first try. */
  readonly maxTotalMs: number;
  /** Requests at the same time. */
  readonly connections: number;
  /** Of an answer in JSON. */
  readonly maxJsonBytes: number;
}

export const DEFAULT_HTTP_SETTINGS: Omit<HttpSettings, "url"> = {
  credentials: { kind: "none" },
  headers: {},
  allowPlainHttp: false,
  insecureTls: false,
  caFile: "",
  clientCertificate: "",
  proxy: { http: "", https: "", none: "" },
  timeoutMs: 120_000,
  maxRetries: 7,
  backoffMs: 2_000,
  jitterMs: 1_000,
  respectRetryAfter: true,
  maxTotalMs: 600_000,
  connections: 4,
  maxJsonBytes: 256 * 1_048_576,
};
