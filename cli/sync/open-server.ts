/** What a command needs to sync with an MLflow server: its client, the state of the remote, and a way to stop. */
import type { HttpClient, HttpClientOptions } from "../../sync/http/index.js";
import { openRemoteState, type PushParties } from "../../sync/index.js";
import { httpSettingsOf, type OpenedRemote } from "../../sync/remotes/index.js";
import type { Chosen } from "./chosen.js";
import { onInterrupt } from "./interrupt.js";

export interface ServerOptions {
  /** As it is shown to somebody who waits for the remote. */
  readonly command: string;
  readonly connections: number;
  /** Bytes a second; null: no limit. */
  readonly rate: number | null;
  readonly onWait: HttpClientOptions["onWait"];
}

/**
 * Works with the server while the claim of the remote's state is held; the signal is aborted by Ctrl-C. Throws LEASE_HELD when
 * another sync works with it, UNAUTHENTICATED.
 */
export async function withServer<Result>(
  { chosen, remote }: { readonly chosen: Chosen; readonly remote: OpenedRemote },
  { command, connections, rate, onWait }: ServerOptions,
  work: (parties: PushParties, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { context } = chosen.place;
  const http = await openHttp(remote, { connections, rate, onWait });
  try {
    const state = openRemoteState(context, remote.name, { command, address: remote.address.text });
    const interrupt = onInterrupt();
    try {
      return await work({ context, http, state }, interrupt.signal);
    } finally {
      interrupt.release();
      state.close();
    }
  } finally {
    await http.destroy();
  }
}

/** Destroy it. Throws UNAUTHENTICATED. */
export async function openHttp(
  remote: OpenedRemote,
  { connections, rate, onWait }: Pick<ServerOptions, "connections" | "rate" | "onWait">,
): Promise<HttpClient> {
  // Loaded for servers only: it is much, and remotes in directories do without.
  const { HttpClient, RateLimiter, systemClock } = await import("../../sync/http/index.js");
  const settings = { ...(await httpSettingsOf(remote)), connections };
  const throttle = rate === null ? {} : { throttle: new RateLimiter(rate, systemClock) };
  return new HttpClient(settings, {
    ...throttle,
    ...(onWait === undefined ? {} : { onWait }),
    renew: () => remote.credentials(),
  });
}
