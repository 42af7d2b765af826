/** Two ends of a connection in this process. */
import { PassThrough } from "node:stream";
import type { ByteStreams } from "../../sync/native/byte-stream.js";

export function connection(): readonly [ByteStreams, ByteStreams] {
  const there = new PassThrough();
  const back = new PassThrough();
  return [
    { input: back, output: there },
    { input: there, output: back },
  ];
}
