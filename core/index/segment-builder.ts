/** Makes an index file of runs that come one by one, without keeping their records. */
import { ByteWriter } from "./byte-writer.js";
import { GrowingDoubles, GrowingWords } from "./growing-numbers.js";
import type { IndexedRun, RunSignature } from "./indexed-run.js";
import { serializePages } from "./paged-bytes.js";
import { RecordWriter } from "./record-writer.js";
import { Blocks, bytesOf, writeVector } from "./vector.js";

export class SegmentBuilder {
  readonly #records = new RecordWriter();
  readonly #signatures = new SignatureBuilder();

  get rowCount(): number {
    return this.#records.rowCount;
  }

  /** Bytes of the rows so far: what the file will have for them, without the columns. */
  get rowBytes(): number {
    return this.#records.rowBytes;
  }

  add({ record, signature }: IndexedRun): void {
    this.#records.write(record);
    this.#signatures.add(signature);
  }

  /** The bytes of the file. Nothing may be added afterwards. */
  finish(): Uint8Array {
    const blocks = new Blocks();
    const directory = new ByteWriter();
    this.#signatures.finish(blocks, directory);
    this.#records.finish(blocks, directory);
    const bytes = directory.bytes();
    const directoryAt = blocks.add(bytes);
    return serializePages(blocks.parts, {
      rowCount: this.rowCount,
      directoryAt,
      directoryLength: bytes.length,
    });
  }
}

const LOW = (1n << 32n) - 1n;

class SignatureBuilder {
  /** The lower half before the upper one, as they lie in 64 bits. */
  readonly #structure = new GrowingWords();
  readonly #content = new GrowingWords();
  readonly #readAtMs = new GrowingDoubles();
  readonly #flags = new GrowingWords();

  add({ structure, content, readAtMs, flags }: RunSignature): void {
    pushHash(this.#structure, structure);
    pushHash(this.#content, content);
    this.#readAtMs.push(readAtMs);
    this.#flags.push(flags);
  }

  finish(blocks: Blocks, directory: ByteWriter): void {
    for (const hashes of [this.#structure, this.#content])
      directory.varint(blocks.add(bytesOf(hashes.all())) / 8);
    writeVector(directory, blocks.addNumbers(this.#readAtMs.all()));
    writeVector(directory, blocks.addNumbers(this.#flags.all()));
  }
}

function pushHash(words: GrowingWords, hash: bigint): void {
  words.push(Number(hash & LOW));
  words.push(Number(hash >> 32n));
}
