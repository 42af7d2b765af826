/** Peers over stores: in this process, and over a pipe. */
import { PassThrough } from "node:stream";
import type { TestContext } from "node:test";
import type { StoreContext } from "../../core/store/context.js";
import { answerWith } from "../../sync/native/answer-peer.js";
import { answerAll } from "../../sync/native/answerer.js";
import { openFarPeer } from "../../sync/native/far-peer.js";
import { openDirectory, openOrMakeDirectory } from "../../sync/native/open-directory.js";
import type { Peer } from "../../sync/native/peer.js";
import { StorePeer } from "../../sync/native/store-peer.js";

export type Connect = (t: TestContext, peer: Peer) => Promise<Peer>;

export const CONNECTIONS: Readonly<Record<string, Connect>> = {
  "in this process": async (_t, peer) => peer,
  async "over a pipe"(t, peer) {
    const there = new PassThrough();
    const back = new PassThrough();
    const hello = { versions: [1], program: "far", capabilities: peer.capabilities };
    const answering = answerAll({ input: there, output: back }, hello, answerWith(peer));
    const far = await openFarPeer({ streams: { input: back, output: there }, program: "near" });
    t.after(async () => {
      await far.close();
      await answering;
    });
    return far;
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
