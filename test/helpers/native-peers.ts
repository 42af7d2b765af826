/** Peers over stores: in this process, and over a pipe. */
import type { TestContext } from "node:test";
import type { StoreContext } from "../../core/store/context.js";
import { openDirectory, openOrMakeDirectory } from "../../sync/native/open-directory.js";
import type { Peer } from "../../sync/native/peer.js";
import { peerOverPipe } from "../../sync/native/peer-over-pipe.js";
import { StorePeer } from "../../sync/native/store-peer.js";

export type Connect = (t: TestContext, peer: Peer) => Promise<Peer>;

export const CONNECTIONS: Readonly<Record<string, Connect>> = {
  "in this process": async (_t, peer) => peer,
  async "over a pipe"(t, peer) {
    const opened = await peerOverPipe(peer);
    t.after(() => opened.close());
    return opened.peer;
  },
};

/** A store that is there, and may be written. */
export function peerOf(context: StoreContext): Peer {
  return new StorePeer({ program: "test", open: () => context, make: () => context });
}

/** A directory that may become a store. */
export function directoryPeer(path: string): Peer {
  return new StorePeer({
    program: "test",
    open: () => openDirectory(path),
    make: () => openOrMakeDirectory(path),
  });
}

export async function all<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const found: Value[] = [];
  for await (const value of values) found.push(value);
  return found;
}
