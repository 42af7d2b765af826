/** Clients for tests: waits take no time, and are noted. */
import type { TestContext } from "node:test";
import {
  DEFAULT_HTTP_SETTINGS,
  HttpClient,
  type HttpClientOptions,
  type HttpSettings,
} from "../../sync/http/index.js";

export interface Waits {
  readonly waits: number[];
}

/** Time passes only in `sleep`. */
export class QuickClock {
  readonly waits: number[] = [];
  #now = 0;
  readonly #onSleep: (count: number) => void | Promise<void>;

  constructor(onSleep: (count: number) => void | Promise<void> = () => undefined) {
    this.#onSleep = onSleep;
  }

  now(): number {
    return this.#now;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.waits.push(ms);
    this.#now += ms;
    await this.#onSleep(this.waits.length);
    signal?.throwIfAborted();
  }
}

export function settingsFor(url: string, more: Partial<HttpSettings> = {}): HttpSettings {
  return { ...DEFAULT_HTTP_SETTINGS, url, ...more };
}

export function newClient(
  t: TestContext,
  url: string,
  { settings = {}, ...options }: HttpClientOptions & { readonly settings?: Partial<HttpSettings> } = {},
): HttpClient {
  const client = new HttpClient(settingsFor(url, settings), {
    clock: new QuickClock(),
    random: () => 0.5,
    ...options,
  });
  t.after(() => client.destroy());
  return client;
}
