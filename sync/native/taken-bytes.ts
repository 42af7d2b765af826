/** Counts the bytes of a run's artifacts that are really taken: not those that the keeper has elsewhere. */
import type { ArtifactBytes, ReceivedRun } from "../../core/transfer/index.js";

export class TakenBytes {
  /** The run as it came, to be read through this count. */
  readonly run: ReceivedRun;
  bytes = 0;

  constructor(run: ReceivedRun) {
    const { artifact } = run;
    this.run = {
      ...run,
      artifact: async (head, start) => {
        const bytes = await artifact(head, start);
        if (bytes === null) return null;
        if (!("file" in bytes)) return this.#counted(bytes);
        this.bytes += head.size - start;
        return bytes;
      },
    };
  }

  async *#counted(bytes: Exclude<ArtifactBytes, { readonly file: string }>): AsyncGenerator<Uint8Array> {
    for await (const block of bytes) {
      this.bytes += block.length;
      yield block;
    }
  }
}
