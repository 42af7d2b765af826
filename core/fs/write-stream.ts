/** Writing a stream to a new file: one block at a time, in flat memory. */
import { fileError, guarded } from "./failures.js";
import * as ops from "./operations.js";
import { closeQuietly, removeQuietly, writeAll } from "./write-whole.js";

/** Creates `path` from a stream; on any error (also one of the stream) nothing is left. Throws typed errors. */
export async function writeStream(path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  const fd = guarded("create", path, () => ops.open(path, "wx"));
  try {
    for await (const block of content) writeAll(fd, block, path);
  } catch (error) {
    closeQuietly(fd, path);
    removeQuietly(path);
    throw fileError(error, "write", path);
  }
  guarded("close", path, () => ops.close(fd, path));
}

/** Moves a finished temporary file to its name, whatever file was there. */
export function publishFile(temporary: string, path: string): void {
  guarded("write", path, () => ops.rename(temporary, path));
}
