/** What `--limit-rate` does to a peer: the bytes of its streams, of both directions, pass at a throttle's pace. */
import { pipeline, Transform } from "node:stream";
import type { Throttle } from "../http/index.js";
import type { ByteStreams } from "./byte-stream.js";

/** Bytes that pass at once: small, so that slow lines are not asked to swallow much. */
const PIECE = 4_096;

export function shapedStreams({ input, output }: ByteStreams, throttle: Throttle): ByteStreams {
  const [back, there] = [shaper(throttle), shaper(throttle)];
  // A failure reaches whoever uses the stream: it is destroyed with it.
  pipeline(input, back, () => undefined);
  pipeline(there, output, () => undefined);
  return { input: back, output: there };
}

function shaper(throttle: Throttle): Transform {
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      passPieces(this, chunk, throttle).then(() => done(), done);
    },
  });
}

async function passPieces(stream: Transform, chunk: Uint8Array, throttle: Throttle): Promise<void> {
  for (let at = 0; at < chunk.length && !stream.destroyed; at += PIECE) {
    const piece = chunk.subarray(at, at + PIECE);
    await throttle.take(piece.length);
    stream.push(piece);
  }
}
