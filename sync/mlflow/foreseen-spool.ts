/** Artifacts of a dry run: their bytes are not asked for. */
import { createHash } from "node:crypto";
import type { ArtifactHead } from "../../core/transfer/index.js";
import type { DownloadedArtifact, Spool } from "./artifact-spool.js";
import type { MlflowCalls } from "./calls.js";

export class ForeseenSpool implements Spool {
  readonly #calls: MlflowCalls;
  readonly #onUnknown: () => void;

  /** `onUnknown`: the bytes here and there may differ, and only reading them would tell. */
  constructor(calls: MlflowCalls, onUnknown: () => void) {
    this.#calls = calls;
    this.#onUnknown = onUnknown;
  }

  /** Of an artifact that has the size of what is here, that hash; else one that no other bytes have. */
  async download(path: string, size: number, own?: ArtifactHead): Promise<DownloadedArtifact> {
    if (own?.size === size) {
      this.#onUnknown();
      return { size, sha256: own.sha256, bytes: [] };
    }
    const sha256 = createHash("sha256").update(`foreseen ${size} ${path}`).digest("hex");
    return { size, sha256, bytes: [] };
  }

  async read(path: string, size: number): Promise<DownloadedArtifact> {
    const hash = createHash("sha256");
    const bytes: Uint8Array[] = [];
    let received = 0;
    for await (const block of this.#calls.download(path)) {
      received += block.length;
      // The pull itself says what is wrong with it.
      if (received > size) break;
      hash.update(block);
      bytes.push(block.slice());
    }
    return { size, sha256: hash.digest("hex"), bytes };
  }

  clear(): void {}
}
