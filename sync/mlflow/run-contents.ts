/** What a run has under a name, as a hash: by it a refusal is told to speak of what is here now. */
import type { RunDocument } from "../../core/transfer/index.js";
import type { DatasetInput, StringMap } from "../../store-format/index.js";
import { digestOf, Refusals, type RefusedThing } from "../engine/refusals.js";
import type { RunState } from "../engine/run-state.js";
import { outgoingLongValues } from "./long-values.js";
import type { WantedRecord } from "./wanted-record.js";

export class RunContents {
  readonly #document: RunDocument;
  readonly #wanted: WantedRecord;
  readonly #artifacts: ReadonlyMap<string, string>;

  constructor(document: RunDocument, wanted: WantedRecord) {
    this.#document = document;
    this.#wanted = wanted;
    const long = wanted.longValues === null ? [] : [outgoingLongValues(wanted.longValues)];
    const files = [...document.artifacts, ...long];
    this.#artifacts = new Map(files.map(({ path, sha256 }) => [path, sha256]));
  }

  /** Undefined: the run has no such thing. Of what nothing is compared by itself: the empty text. */
  of(what: RefusedThing, key: string): string | undefined {
    if (what === "artifact") return this.#artifacts.get(key);
    if (what === "param") return digestIn(this.#wanted.params, key);
    if (what === "tag") return digestIn(this.#wanted.tags, key);
    if (what === "metric") return this.#metric(key);
    if (what === "dataset") return this.#hasDataset(key) ? "" : undefined;
    return "";
  }

  /** Of what was refused, that which is as it was then. */
  standing(state: RunState | null): Refusals {
    const refused = state?.refused ?? [];
    return new Refusals(refused.filter(({ what, key, sha256 }) => this.of(what, key) === sha256));
  }

  #metric(key: string): string | undefined {
    const heads = this.#document.series.filter((head) => head.key === key);
    if (heads.length === 0) return undefined;
    return digestOf(heads.map(({ count, sha256 }) => `${count} ${sha256}`).join("\n"));
  }

  #hasDataset(key: string): boolean {
    return this.#document.inputs.datasetInputs.some((input) => datasetKey(input) === key);
  }
}

/** A server knows a dataset by name and digest. */
export function datasetKey({ dataset }: DatasetInput): string {
  return `${dataset.name}\n${dataset.digest}`;
}

function digestIn(values: StringMap, key: string): string | undefined {
  return Object.hasOwn(values, key) ? digestOf(values[key]!) : undefined;
}
