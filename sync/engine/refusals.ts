/**
 * What is not there of a run that is synced, and why: the run is "synced with exceptions". A push, a verification and a plan
 * all go by this list. What was refused is asked again when it has changed here, or when everything is looked at again.
 */
import { createHash } from "node:crypto";
import type { StringMap } from "../../store-format/index.js";
import type { RunState } from "./run-state.js";

/** Begins the sentence of a receipt on artifacts that the remote cannot take from us. */
export const ARTIFACTS_OUT_OF_REACH = "Artifacts are not there: ";

/**
 * `artifact`: by path; `param`, `tag`, `metric`: by key; `dataset`: by name; `model`: by what of a logged model; `other`: no
 * thing of the run that could be asked again by itself.
 */
export const REFUSED_THINGS = ["artifact", "param", "tag", "metric", "dataset", "model", "other"] as const;
export type RefusedThing = (typeof REFUSED_THINGS)[number];

export interface Refusal {
  readonly what: RefusedThing;
  readonly key: string;
  /** SHA-256 of what was refused. */
  readonly sha256: string;
  /** For people: what, and why. */
  readonly sentence: string;
}

/** The last refusal of a thing counts. */
export class Refusals {
  readonly #found = new Map<string, Refusal>();

  constructor(refusals: Iterable<Refusal> = []) {
    for (const refusal of refusals) this.add(refusal);
  }

  get list(): readonly Refusal[] {
    return [...this.#found.values()];
  }

  add(refusal: Refusal): void {
    this.#found.set(nameOf(refusal.what, refusal.key), refusal);
  }

  /** The refusal of just this content; undefined when there is none. */
  of(what: RefusedThing, key: string, sha256: string): Refusal | undefined {
    const found = this.#found.get(nameOf(what, key));
    return found?.sha256 === sha256 ? found : undefined;
  }

  /** Keys of the things of a kind that were refused, whatever their content. */
  keys(what: RefusedThing): ReadonlySet<string> {
    return new Set(this.list.filter((refusal) => refusal.what === what).map(({ key }) => key));
  }
}

/** The tags that both sides have: what was refused nobody deleted. */
export function tagsBesides(tags: StringMap, refused: Iterable<Refusal>): StringMap {
  const keys = new Refusals(refused).keys("tag");
  return keys.size === 0 ? tags : Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.has(key)));
}

/** SHA-256 of a text, as refusals have it. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function nameOf(what: RefusedThing, key: string): string {
  return `${what} ${key}`;
}

/** Whether a run that is synced is so with exceptions; where artifacts are not asked for, they are none. */
export function hasExceptions(state: RunState | null, withArtifacts: boolean): boolean {
  if (state?.receipt == null) return false;
  const refused = state.refused ?? [];
  if (refused.some((refusal) => withArtifacts || !isOfArtifacts(refusal))) return true;
  return withArtifacts && state.receipt.exceptions.some(isOutOfReach);
}

function isOfArtifacts({ what, sentence }: Refusal): boolean {
  return what === "artifact" || isOutOfReach(sentence);
}

/** Of a sentence of a receipt. */
export function isOutOfReach(sentence: string): boolean {
  return sentence.startsWith(ARTIFACTS_OUT_OF_REACH);
}
