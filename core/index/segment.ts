/** An index file, open for reading. Columns and rows are read when they are asked for, and checked then. */
import type { Column, Field, MetricAggregate, TextColumn } from "../search/table.js";
import { restoreUri } from "./artifact-uri.js";
import { ByteReader } from "./byte-reader.js";
import type { Dictionary } from "./dictionary.js";
import { MAX_FLAGS } from "./index-flags.js";
import type { IndexedRun, IndexRecord, SignatureColumns } from "./indexed-run.js";
import { KeyTable } from "./key-table.js";
import { loadMetricColumn } from "./metric-column.js";
import { loadNumberColumn, type Presence, readPresence } from "./number-column.js";
import { PagedBytes, type PageWindow } from "./paged-bytes.js";
import {
  DATASET_TEXTS,
  type DatasetText,
  KEYED,
  type Keyed,
  NUMBER_ATTRIBUTES,
  type NumberAttribute,
  TEXT_ATTRIBUTES,
  type TextAttribute,
} from "./record-layout.js";
import { type RowShape, type RowTexts, readRecord } from "./record-reader.js";
import { readTextColumnPlace, StoredTextColumn, StoredTextList } from "./text-column.js";
import { loadCodes, loadDoubles, loadNumbers, type Numbers, readVector, type Vector } from "./vector.js";

export class Segment {
  readonly path: string;
  readonly rowCount: number;
  readonly #bytes: PagedBytes;
  readonly #parts: Parts;
  readonly #rows: PageWindow;
  readonly #texts: StoredTexts;
  #signatures: SignatureColumns | undefined;
  #runIds: readonly string[] | undefined;
  #starts: Numbers | undefined;

  private constructor(bytes: PagedBytes) {
    this.path = bytes.path;
    this.rowCount = bytes.rowCount;
    this.#bytes = bytes;
    this.#parts = readParts(bytes);
    this.#rows = bytes.window();
    this.#texts = new StoredTexts(bytes, this.#parts);
  }

  /** Null when there is no such file. Throws {@link SegmentDamage} and typed I/O errors, as every other method does. */
  static open(path: string): Segment | null {
    const bytes = PagedBytes.open(path);
    if (bytes === null) return null;
    try {
      return new Segment(bytes);
    } catch (error) {
      bytes.close();
      throw error;
    }
  }

  /** A segment held in memory. `path` names it in messages. */
  static from(bytes: Uint8Array, path = "in memory"): Segment {
    return new Segment(PagedBytes.from(bytes, path));
  }

  /** Of the file, in bytes. */
  get size(): number {
    return this.#bytes.size;
  }

  /** The rows with what tells whether they are current. */
  signatures(): SignatureColumns {
    this.#signatures ??= loadSignatures(this.#bytes, this.#parts);
    return this.#signatures;
  }

  /** The run id of each row. */
  runIds(): readonly string[] {
    this.#runIds ??= this.#everyRow(this.#texts.attributes.run_id.load());
    return this.#runIds;
  }

  recordAt(row: number): IndexRecord {
    if (!(row >= 0 && row < this.rowCount)) throw new RangeError(`there is no row ${row}`);
    this.#starts ??= loadNumbers(this.#bytes, this.#parts.rowStarts);
    const start = this.#starts[row]!;
    const length = this.#starts[row + 1]! - start;
    if (!(start >= 0 && length >= 0)) throw this.#bytes.damage("a row has no place");
    const bytes = this.#rows.read(this.#parts.rowsAt + start, length);
    return readRecord(new ByteReader(bytes, this.path), this.#texts);
  }

  indexedRunAt(row: number): IndexedRun {
    const { structure, content, readAtMs, flags } = this.signatures();
    return {
      record: this.recordAt(row),
      signature: {
        structure: structure[row]!,
        content: content[row]!,
        readAtMs: readAtMs[row]!,
        flags: flags[row]!,
      },
    };
  }

  /** As that of a search table, but made anew at each call; the attribute `state` is none of a segment's. */
  column(field: Field): Column | null {
    switch (field.entity) {
      case "attribute":
        return this.#attribute(field.key);
      case "metric":
        return this.#metric(field.key, field.aggregate);
      case "dataset":
        return this.#texts.datasets[field.key].load();
      default:
        return this.#texts.keyed(field.entity, field.key)?.load() ?? null;
    }
  }

  /** In code-point order. */
  keys(entity: Keyed): readonly string[] {
    return this.#parts.tables[entity].keys();
  }

  /** The keys that these rows have, in code-point order. */
  keysOfRows(entity: Keyed, rows: Uint32Array): readonly string[] {
    const table = this.#parts.tables[entity];
    const keys = table.keys();
    return table.keysOfRows(rows).map((index) => keys[index]!);
  }

  /** Reading on fails. A segment that nobody holds any more closes its file by itself. */
  close(): void {
    this.#bytes.close();
  }

  #attribute(key: string): Column | null {
    if (isOneOf(NUMBER_ATTRIBUTES, key)) {
      const { presence, values } = this.#parts.times[key];
      return loadNumberColumn(this.#bytes, { presence, values, nan: "a value" });
    }
    if (!isOneOf(TEXT_ATTRIBUTES, key)) return null;
    const column = this.#texts.attributes[key].load();
    return key === "artifact_uri" && column !== null ? this.#restoreUris(column) : column;
  }

  #restoreUris({ codes, texts }: TextColumn): TextColumn {
    const runIds = this.runIds();
    const coded = new Map<string, number>();
    const restored = codes.map((code, row) => {
      if (code === 0) return 0;
      const uri = restoreUri(texts[code - 1]!, runIds[row]!, this.path);
      const known = coded.get(uri) ?? coded.size + 1;
      coded.set(uri, known);
      return known;
    });
    return { kind: "text", codes: restored, texts: [...coded.keys()] };
  }

  #metric(key: string, aggregate: MetricAggregate): Column | null {
    const table = this.#parts.tables.metric;
    const index = table.indexOf(key);
    return index === null ? null : loadMetricColumn(this.#bytes, table.entry(index), aggregate);
  }

  #everyRow(column: TextColumn | null): readonly string[] {
    if (column === null) return [];
    const { codes, texts } = column;
    if (codes.includes(0)) throw this.#bytes.damage("a row has no run id");
    const isOneEach = texts.length === codes.length && codes.every((code, row) => code === row + 1);
    return isOneEach ? texts : Array.from(codes, (code) => texts[code - 1]!);
  }
}

function isOneOf<T extends string>(names: readonly T[], name: string): name is T {
  return (names as readonly string[]).includes(name);
}

/** Where everything is: the directory of the file. */
interface Parts {
  readonly structureAt: number;
  readonly contentAt: number;
  readonly readAtMs: Vector;
  readonly flags: Vector;
  readonly attributes: Readonly<Record<TextAttribute, StoredTextColumn>>;
  readonly times: Readonly<Record<NumberAttribute, { readonly presence: Presence; readonly values: Vector }>>;
  readonly datasets: Readonly<Record<DatasetText, StoredTextList>>;
  readonly tables: Readonly<Record<Keyed, KeyTable>>;
  readonly rowsAt: number;
  /** Of the rows, from `rowsAt`, and the end of the last. */
  readonly rowStarts: Vector;
  /** What single texts are read through. */
  readonly window: PageWindow;
}

function readParts(bytes: PagedBytes): Parts {
  const reader = new ByteReader(bytes.directory, bytes.path);
  const window = bytes.window();
  const parts = {
    structureAt: reader.varint() * 8,
    contentAt: reader.varint() * 8,
    readAtMs: readVector(reader, bytes.rowCount),
    flags: readVector(reader, bytes.rowCount),
    attributes: each(
      TEXT_ATTRIBUTES,
      () => new StoredTextColumn(bytes, window, readTextColumnPlace(reader, bytes)),
    ),
    times: each(NUMBER_ATTRIBUTES, () => ({
      presence: readPresence(reader, bytes),
      values: readVector(reader, bytes.rowCount),
    })),
    datasets: each(DATASET_TEXTS, () => new StoredTextList(bytes, window, reader)),
    tables: each(KEYED, () => new KeyTable(bytes, window, reader)),
    rowsAt: reader.varint() * 8,
    rowStarts: readVector(reader, bytes.rowCount + 1),
    window,
  };
  const counts = [parts.readAtMs.count, parts.flags.count, parts.rowStarts.count - 1];
  if (!reader.atEnd || counts.some((count) => count !== bytes.rowCount))
    throw bytes.damage("the directory is none");
  return parts;
}

function each<K extends string, V>(names: readonly K[], read: () => V): Record<K, V> {
  const record: Partial<Record<K, V>> = {};
  for (const name of names) record[name] = read();
  return record as Record<K, V>;
}

function loadSignatures(bytes: PagedBytes, parts: Parts): SignatureColumns {
  return {
    structure: loadHashes(bytes, parts.structureAt),
    content: loadHashes(bytes, parts.contentAt),
    readAtMs: loadDoubles(bytes, parts.readAtMs),
    flags: Uint16Array.from(loadCodes(bytes, parts.flags, MAX_FLAGS)),
  };
}

function loadHashes(bytes: PagedBytes, at: number): BigUint64Array {
  const { buffer, byteOffset, byteLength } = bytes.read(at, bytes.rowCount * 8);
  return new BigUint64Array(buffer, byteOffset, byteLength / 8);
}

/** The texts of the file, for rows and for columns. */
class StoredTexts implements RowTexts {
  readonly attributes: Parts["attributes"];
  readonly datasets: Parts["datasets"];
  readonly #bytes: PagedBytes;
  readonly #parts: Parts;
  readonly #columns = {
    param: new Map<number, StoredTextColumn>(),
    tag: new Map<number, StoredTextColumn>(),
  };
  readonly #shapes: Readonly<Record<Keyed, Map<number, RowShape>>> = each(KEYED, () => new Map());

  constructor(bytes: PagedBytes, parts: Parts) {
    this.#bytes = bytes;
    this.#parts = parts;
    this.attributes = parts.attributes;
    this.datasets = parts.datasets;
  }

  attribute(name: TextAttribute): Dictionary {
    return this.attributes[name].dictionary;
  }

  dataset(name: DatasetText): Dictionary {
    return this.datasets[name].dictionary;
  }

  /** Null when no row has the key. */
  keyed(entity: "param" | "tag", key: string): StoredTextColumn | null {
    const index = this.#parts.tables[entity].indexOf(key);
    return index === null ? null : this.#column(entity, index);
  }

  shape(entity: Keyed, number: number): RowShape {
    let shape = this.#shapes[entity].get(number);
    if (shape === undefined) {
      shape = this.#shape(entity, number);
      this.#shapes[entity].set(number, shape);
    }
    return shape;
  }

  #shape(entity: Keyed, number: number): RowShape {
    const table = this.#parts.tables[entity];
    const indexes = [...table.shape(number)];
    const keys = table.keys();
    return {
      keys: indexes.map((index) => keys[index]!),
      dictionaries: entity === "metric" ? [] : indexes.map((index) => this.#column(entity, index).dictionary),
    };
  }

  #column(entity: "param" | "tag", index: number): StoredTextColumn {
    let column = this.#columns[entity].get(index);
    if (column === undefined) {
      const entry = this.#parts.tables[entity].entry(index);
      const place = readTextColumnPlace(entry, this.#bytes);
      column = new StoredTextColumn(this.#bytes, this.#parts.window, place);
      this.#columns[entity].set(index, column);
    }
    return column;
  }
}
