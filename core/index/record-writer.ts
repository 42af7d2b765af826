/** Writes runs into the columns of an index file and, whole, into the bytes of their rows. Read by record-reader.ts. */
import type { Integer, RunInfo, StringMap } from "../../store-format/index.js";
import { lifecycleStageOf } from "../search/memory-run-table.js";
import type { DatasetUse } from "../search/run-record.js";
import { shortenUri } from "./artifact-uri.js";
import { ByteWriter } from "./byte-writer.js";
import { GrowingDoubles, GrowingWords } from "./growing-numbers.js";
import type { IndexRecord } from "./indexed-run.js";
import { KeyTableBuilder } from "./key-table.js";
import { MetricColumnBuilder } from "./metric-column.js";
import { writePresence } from "./number-column.js";
import {
  DATASET_TEXTS,
  INFO_BITS,
  NUMBER_ATTRIBUTES,
  nearTime,
  ROW_BITS,
  TEXT_ATTRIBUTES,
  type TextAttribute,
} from "./record-layout.js";
import { TextColumnBuilder, TextListBuilder } from "./text-column.js";
import { type Blocks, writeVector } from "./vector.js";

class TimeColumnBuilder {
  readonly #rows = new GrowingWords();
  readonly #times = new GrowingDoubles();

  add(row: number, time: Integer | null): void {
    if (time === null) return;
    this.#rows.push(row);
    this.#times.push(Number(time));
  }

  finish(blocks: Blocks, writer: ByteWriter, rowCount: number): void {
    writePresence(blocks, writer, this.#rows.all(), rowCount);
    writeVector(writer, blocks.addNumbers(this.#times.all()));
  }
}

function textColumns(): Record<TextAttribute, TextColumnBuilder> {
  const columns = TEXT_ATTRIBUTES.map((name) => [name, new TextColumnBuilder()]);
  return Object.fromEntries(columns);
}

export class RecordWriter {
  readonly #rows = new ByteWriter();
  /** Where each row begins, and the end of the last. */
  readonly #starts = new GrowingDoubles();
  readonly #texts = textColumns();
  readonly #times = { start_time: new TimeColumnBuilder(), end_time: new TimeColumnBuilder() };
  readonly #params = new KeyTableBuilder(() => new TextColumnBuilder());
  readonly #tags = new KeyTableBuilder(() => new TextColumnBuilder());
  readonly #metrics = new KeyTableBuilder(() => new MetricColumnBuilder());
  readonly #datasets = {
    name: new TextListBuilder(),
    digest: new TextListBuilder(),
    context: new TextListBuilder(),
  };
  #row = 0;

  get rowCount(): number {
    return this.#row;
  }

  get rowBytes(): number {
    return this.#rows.length;
  }

  write(record: IndexRecord): void {
    const writer = this.#rows;
    this.#starts.push(writer.length);
    writer.byte(rowBits(record));
    this.#writeIdentity(record);
    if (record.info !== null) this.#writeInfo(record, record.info);
    this.#writeTexts(this.#params, record.params);
    this.#writeTexts(this.#tags, record.tags);
    this.#writeMetrics(record);
    if (hasLinks(record)) this.#writeLinks(record);
    for (const name of DATASET_TEXTS) this.#datasets[name].endRow();
    if (hasDamage(record)) {
      writer.varint(record.damageCount);
      writer.text(JSON.stringify(record.damage));
    }
    this.#row += 1;
  }

  #writeIdentity(record: IndexRecord): void {
    const { run_id, experiment_id, place, lifecycle_stage } = this.#texts;
    run_id.write(this.#rows, this.#row, record.runId);
    experiment_id.write(this.#rows, this.#row, record.experimentId);
    place.add(this.#row, record.place);
    lifecycle_stage.write(this.#rows, this.#row, lifecycleStageOf(record));
  }

  #writeInfo(record: IndexRecord, info: RunInfo): void {
    const writer = this.#rows;
    const { run_name, user_id, status, artifact_uri } = this.#texts;
    writer.byte(infoBits(record, info));
    if (info.runId !== record.runId) writer.text(info.runId);
    if (info.experimentId !== record.experimentId) writer.text(info.experimentId);
    run_name.write(writer, this.#row, info.runName);
    user_id.write(writer, this.#row, info.userId);
    status.write(writer, this.#row, info.status);
    artifact_uri.write(writer, this.#row, shortenUri(info.artifactUri, record.runId));
    this.#writeTimes(info);
  }

  #writeTimes(info: RunInfo): void {
    const { startTime, endTime, deletedTime } = info;
    this.#times.start_time.add(this.#row, startTime);
    this.#times.end_time.add(this.#row, endTime);
    const near = nearTime(info);
    this.#rows.integer(startTime, 0);
    this.#rows.integer(endTime, near);
    this.#rows.integer(deletedTime, near);
  }

  #writeTexts(table: KeyTableBuilder<TextColumnBuilder>, texts: StringMap): void {
    const keys = Object.keys(texts);
    const columns = table.write(this.#rows, keys);
    for (let index = 0; index < keys.length; index += 1)
      columns[index]!.write(this.#rows, this.#row, texts[keys[index]!]!);
  }

  #writeMetrics({ metrics, info }: IndexRecord): void {
    const keys = Object.keys(metrics);
    const columns = this.#metrics.write(this.#rows, keys);
    const place = { row: this.#row, time: nearTime(info) };
    for (let index = 0; index < keys.length; index += 1)
      columns[index]!.write(this.#rows, metrics[keys[index]!]!, place);
  }

  #writeLinks({ datasets, modelInputs, modelOutputs }: IndexRecord): void {
    const writer = this.#rows;
    writer.varint(datasets.length);
    for (const dataset of datasets) this.#writeDataset(dataset);
    writer.varint(modelInputs.length);
    for (const modelId of modelInputs) writer.text(modelId);
    writer.varint(modelOutputs.length);
    for (const { modelId, step } of modelOutputs) {
      writer.text(modelId);
      writer.integer(step, 0);
    }
  }

  #writeDataset(dataset: DatasetUse): void {
    for (const name of DATASET_TEXTS) this.#datasets[name].write(this.#rows, dataset[name]);
  }

  /** The blocks of all columns and of the rows, and where they are into `directory`. */
  finish(blocks: Blocks, directory: ByteWriter): void {
    for (const name of TEXT_ATTRIBUTES) this.#texts[name].finish(blocks, directory, this.#row);
    for (const name of NUMBER_ATTRIBUTES) this.#times[name].finish(blocks, directory, this.#row);
    for (const name of DATASET_TEXTS) this.#datasets[name].finish(blocks, directory);
    for (const table of [this.#params, this.#tags, this.#metrics]) table.finish(blocks, directory, this.#row);
    directory.varint(blocks.add(this.#rows.bytes()) / 8);
    this.#starts.push(this.#rows.length);
    writeVector(directory, blocks.addNumbers(this.#starts.all()));
  }
}

function rowBits(record: IndexRecord): number {
  return (
    (record.info === null ? 0 : ROW_BITS.info) |
    (record.sealed ? ROW_BITS.sealed : 0) |
    (record.orphan ? ROW_BITS.orphan : 0) |
    (record.place === "trash" ? ROW_BITS.trash : 0) |
    (hasDamage(record) ? ROW_BITS.damage : 0) |
    (hasLinks(record) ? ROW_BITS.links : 0)
  );
}

function infoBits(record: IndexRecord, info: RunInfo): number {
  return (
    (info.runId === record.runId ? 0 : INFO_BITS.otherRunId) |
    (info.experimentId === record.experimentId ? 0 : INFO_BITS.otherExperimentId)
  );
}

function hasDamage({ damage, damageCount }: IndexRecord): boolean {
  return damage !== null || damageCount !== 0;
}

function hasLinks({ datasets, modelInputs, modelOutputs }: IndexRecord): boolean {
  return datasets.length + modelInputs.length + modelOutputs.length > 0;
}
