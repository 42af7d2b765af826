/**
 * The bytes of an index file, checked page by page. The file is: pages (blocks of values, then the directory), the CRC-32
 * of each page, and a trailer of 64 bytes that has a CRC-32 of its own. Only pages that are read are checked.
 */
import { crc32 } from "node:zlib";
import { isRunstoneError } from "../../store-format/index.js";
import { OpenFile } from "../fs/index.js";
import { SegmentDamage } from "./segment-damage.js";

/** Part of the name of index files, so that versions of Runstone do not read each other's. */
export const SEGMENT_FORMAT = 2;

const PAGE = 4096;
const TRAILER = 64;
const MAGIC = "RUNSTIDX";
/** As a number of this machine: read back as another one where bytes are ordered otherwise. */
const BYTE_ORDER = 0x01020304;
/** A smaller file is read at once and closed. */
const HELD_IN_MEMORY = 1 << 17;

interface Trailer {
  readonly rowCount: number;
  readonly directoryAt: number;
  readonly directoryLength: number;
}

/** Appends the checksums and the trailer to the pages, whose length is a multiple of 8. */
export function serializePages(pages: readonly Uint8Array[], trailer: Trailer): Uint8Array {
  const length = pages.reduce((sum, part) => sum + part.length, 0);
  const pageCount = Math.ceil(length / PAGE);
  const file = Buffer.alloc(length + pageCount * 4 + TRAILER);
  let at = 0;
  for (const part of pages) {
    file.set(part, at);
    at += part.length;
  }
  for (let page = 0; page < pageCount; page += 1)
    file.writeUInt32LE(
      crc32(file.subarray(page * PAGE, Math.min(length, (page + 1) * PAGE))),
      length + page * 4,
    );
  writeTrailer(file, length, trailer);
  return file;
}

function writeTrailer(file: Buffer, pagesEnd: number, trailer: Trailer): void {
  const end = file.subarray(file.length - TRAILER);
  end.write(MAGIC, "latin1");
  end.writeUInt32LE(SEGMENT_FORMAT, 8);
  end.set(new Uint8Array(Uint32Array.of(BYTE_ORDER).buffer), 12);
  end.writeDoubleLE(file.length, 16);
  end.writeDoubleLE(pagesEnd, 24);
  end.writeDoubleLE(trailer.directoryAt, 32);
  end.writeDoubleLE(trailer.directoryLength, 40);
  end.writeUInt32LE(trailer.rowCount, 48);
  end.writeUInt32LE(crc32(file.subarray(pagesEnd, file.length - TRAILER)), 52);
  end.writeUInt32LE(crc32(end.subarray(0, TRAILER - 4)), TRAILER - 4);
}

/** Where bytes come from: a file held open, or memory. */
interface ByteSource {
  readonly size: number;
  /** Fewer bytes where the source ends. Aligned to 8 when `start` is. */
  read(start: number, end: number): Uint8Array;
  close(): void;
}

/** Segments are superseded while tables still read them: their files are closed with the last of these. */
const unheld = new FinalizationRegistry<OpenFile>((file) => file.close());

function closedWithout(bytes: PagedBytes, file: OpenFile): PagedBytes {
  unheld.register(bytes, file);
  return bytes;
}

export class PagedBytes {
  readonly path: string;
  /** Bytes. Nothing of which there is at least a byte each can be more. */
  readonly size: number;
  readonly rowCount: number;
  /** Serialized by the builder. */
  readonly directory: Uint8Array;
  readonly #source: ByteSource;
  readonly #pagesEnd: number;
  readonly #checksums: Buffer;

  private constructor(source: ByteSource, path: string) {
    this.#source = source;
    this.path = path;
    const { size } = source;
    this.size = size;
    const end = this.#exactly(size - TRAILER, size);
    checkTrailer(end, size, path);
    this.#pagesEnd = end.readDoubleLE(24);
    this.rowCount = end.readUInt32LE(48);
    this.#checksums = this.#readChecksums(size - TRAILER, end.readUInt32LE(52));
    this.directory = this.read(end.readDoubleLE(32), end.readDoubleLE(40));
    if (this.rowCount > size) throw this.damage("it has too many rows");
  }

  /** Null when there is no such file. Throws {@link SegmentDamage} and typed I/O errors, as all methods do. */
  static open(path: string): PagedBytes | null {
    const file = OpenFile.openIfExists(path);
    if (file === null) return null;
    try {
      if (file.size > HELD_IN_MEMORY) return closedWithout(new PagedBytes(file, path), file);
      const held = new PagedBytes(memorySource(file.read(0, file.size)), path);
      file.close();
      return held;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  static from(bytes: Uint8Array, path: string): PagedBytes {
    return new PagedBytes(memorySource(bytes), path);
  }

  /** These bytes, checked; aligned to 8 when `offset` is. They are valid for good, and not to be changed. */
  read(offset: number, length: number): Uint8Array {
    this.#assertInside(offset, length);
    const start = offset - (offset % PAGE);
    const pages = this.pages(start / PAGE, Math.ceil((offset + length) / PAGE));
    return pages.subarray(offset - start, offset - start + length);
  }

  /** Whole pages, from the first up to, without, the last, checked. */
  pages(first: number, end: number): Uint8Array {
    const start = first * PAGE;
    const bytes = this.#exactly(start, Math.min(end * PAGE, this.#pagesEnd));
    for (let page = first; page < end; page += 1) {
      const at = page * PAGE - start;
      if (crc32(bytes.subarray(at, at + PAGE)) !== this.#checksums.readUInt32LE(page * 4))
        throw this.damage(`page ${page} has another checksum`);
    }
    return bytes;
  }

  /** For many small reads in about the same place. */
  window(): PageWindow {
    return new PageWindow(this, Math.ceil(this.#pagesEnd / PAGE));
  }

  damage(reason: string): SegmentDamage {
    return new SegmentDamage(this.path, reason);
  }

  close(): void {
    this.#source.close();
  }

  #readChecksums(end: number, checksum: number): Buffer {
    const length = Math.ceil(this.#pagesEnd / PAGE) * 4;
    if (this.#pagesEnd + length !== end) throw this.damage("its parts do not make up its size");
    const checksums = this.#exactly(this.#pagesEnd, end);
    if (crc32(checksums) !== checksum) throw this.damage("the checksums have another checksum");
    return checksums;
  }

  #assertInside(offset: number, length: number): void {
    const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
    if (!whole || offset < 0 || length < 0 || offset + length > this.#pagesEnd)
      throw this.damage("a block lies outside of the file");
  }

  #read(start: number, end: number): Uint8Array {
    try {
      return this.#source.read(start, end);
    } catch (error) {
      if (!isRunstoneError(error)) throw error;
      throw new SegmentDamage(this.path, "it cannot be read", { cause: error });
    }
  }

  #exactly(start: number, end: number): Buffer {
    if (start < 0) throw this.damage("it is cut off");
    const bytes = this.#read(start, end);
    if (bytes.length !== end - start) throw this.damage("it is cut off");
    return bufferOf(bytes);
  }
}

function checkTrailer(end: Buffer, size: number, path: string): void {
  const damage = (reason: string) => new SegmentDamage(path, reason);
  if (end.toString("latin1", 0, MAGIC.length) !== MAGIC) throw damage("it does not end as an index file");
  if (end.readUInt32LE(8) !== SEGMENT_FORMAT) throw damage(`it has format ${end.readUInt32LE(8)}`);
  if (crc32(end.subarray(0, TRAILER - 4)) !== end.readUInt32LE(TRAILER - 4))
    throw damage("its trailer has another checksum");
  if (new Uint32Array(Uint8Array.from(end.subarray(12, 16)).buffer)[0] !== BYTE_ORDER)
    throw damage("it is of a machine with another byte order");
  const pagesEnd = end.readDoubleLE(24);
  if (end.readDoubleLE(16) !== size || !Number.isSafeInteger(pagesEnd) || pagesEnd < 0 || pagesEnd > size)
    throw damage("it has another size");
}

/** How many pages are read ahead when one after another is asked for. */
const READ_AHEAD = 64;

/** The pages that were read last, kept for the next small read. */
export class PageWindow {
  readonly #bytes: PagedBytes;
  readonly #pageCount: number;
  #pages: Uint8Array = new Uint8Array(0);
  #first = 0;
  #end = 0;

  constructor(bytes: PagedBytes, pageCount: number) {
    this.#bytes = bytes;
    this.#pageCount = pageCount;
  }

  /** As {@link PagedBytes.read}. */
  read(offset: number, length: number): Uint8Array {
    const first = Math.floor(offset / PAGE);
    const end = Math.ceil((offset + length) / PAGE);
    if (!(first >= 0 && end <= this.#pageCount)) return this.#bytes.read(offset, length);
    if (first < this.#first || end > this.#end) this.#load(first, end);
    const at = offset - this.#first * PAGE;
    return this.#pages.subarray(at, at + length);
  }

  #load(first: number, end: number): void {
    const onward = first === this.#end || first === this.#end - 1;
    const last = onward && this.#end > 0 ? Math.min(this.#pageCount, Math.max(end, first + READ_AHEAD)) : end;
    this.#pages = this.#bytes.pages(first, last);
    this.#first = first;
    this.#end = last;
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function memorySource(bytes: Uint8Array): ByteSource {
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : Uint8Array.from(bytes);
  return { size: aligned.length, read: (start, end) => aligned.subarray(start, end), close: () => {} };
}
