/** A peer of this process, spoken with as if it were at the far end of a pipe: every byte between the two can be counted. */
import { PassThrough } from "node:stream";
import { PROTOCOL_VERSIONS } from "../../protocol/index.js";
import { RunstoneError } from "../../store-format/index.js";
import { answerWith } from "./answer-peer.js";
import { answerAll } from "./answerer.js";
import type { ByteStreams } from "./byte-stream.js";
import { openFarPeer } from "./far-peer.js";
import type { Peer } from "./peer.js";

export interface PeerOverPipe {
  readonly peer: Peer;
  close(): Promise<void>;
}

/** `shape` stands between the asking side and the pipe. */
export async function peerOverPipe(
  peer: Peer,
  shape: (streams: ByteStreams) => ByteStreams = (streams) => streams,
): Promise<PeerOverPipe> {
  const { program, capabilities } = peer;
  const [there, back] = [new PassThrough(), new PassThrough()];
  const hello = { versions: PROTOCOL_VERSIONS, program, capabilities };
  const answering = answerAll({ input: there, output: back }, hello, answerWith(peer)).catch(ignoreBroken);
  const far = await openFarPeer({ streams: shape({ input: back, output: there }), program });
  const close = async (): Promise<void> => {
    await far.close();
    // Where the asking side broke off, nothing else ends the other one.
    there.destroy();
    back.destroy();
    await answering;
  };
  return { peer: far, close };
}

/** The asking side tells of it. */
function ignoreBroken(error: unknown): void {
  if (!(error instanceof RunstoneError)) throw error;
}
