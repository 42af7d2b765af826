/** Artifacts: those that are missing are added; of one that differs the side that changed it wins. */
import { dirname, join } from "node:path";
import {
  ensureDirectoryBelow,
  PendingSync,
  publishFile,
  removeFile,
  statIfExists,
  temporaryName,
} from "../fs/index.js";
import type { StoreContext } from "../store/context.js";
import { freePath } from "../store/key-files.js";
import type { RunLocation } from "../store/read/located.js";
import type { KnownHashes } from "../store/runs/seal.js";
import type { Merge } from "./merge-run.js";
import { mergeValue } from "./merge-value.js";
import type { MergeView } from "./merge-view.js";
import { type ArtifactSource, dropParts, receiveArtifact } from "./receive-artifact.js";
import type { ArtifactHead } from "./run-document.js";

export interface MergedArtifacts {
  /** Hashes of what was written. */
  readonly known: KnownHashes;
  /** New to the record here, and without bytes. */
  readonly absent: readonly ArtifactHead[];
}

/** `changing`: artifacts that somebody here writes just now; they wait for the next merge. */
export async function mergeArtifacts(merge: Merge, changing: ReadonlySet<string>): Promise<MergedArtifacts> {
  const { context, location, theirs } = merge;
  const bringer = new ArtifactBringer(context, location, theirs.artifact);
  const absent: ArtifactHead[] = [];
  for (const { head, own } of wantedArtifacts(merge, changing)) {
    const isHere = await bringer.bring(head);
    if (!isHere && (own === undefined || own.absent === true)) absent.push(head);
  }
  bringer.finish();
  return { known: bringer.known, absent };
}

export interface WantedHead {
  readonly head: ArtifactHead;
  /** What is here in its place. */
  readonly own: ArtifactHead | undefined;
}

/** Artifacts that are theirs alone, or that they changed, in the order of their document. Each is looked at when it is its turn. */
export function* wantedArtifacts(merge: MergeView, changing: ReadonlySet<string>): Generator<WantedHead> {
  const ours = new Map(merge.mine.artifacts.map((head) => [head.path, head]));
  for (const head of merge.document.artifacts) {
    const own = ours.get(head.path);
    if (changing.has(head.path) || !isWanted(merge, own, head)) continue;
    if (own !== undefined || merge.canLie("artifacts", head.path)) yield { head, own };
    else merge.conflict({ field: "artifact", key: head.path, base: null, mine: null, theirs: head.sha256 });
  }
}

function isWanted(merge: MergeView, own: ArtifactHead | undefined, head: ArtifactHead): boolean {
  if (own === undefined) return true;
  const base = merge.commonArtifacts?.[head.path];
  const taken = mergeValue(base, own.sha256, head.sha256);
  if (taken === "conflict")
    merge.conflict({
      field: "artifact",
      key: head.path,
      base: base ?? null,
      mine: own.sha256,
      theirs: head.sha256,
    });
  return taken === "theirs";
}

/** Brings artifacts into a run that is here: each appears complete, by rename. */
export class ArtifactBringer {
  readonly #context: StoreContext;
  readonly #location: RunLocation;
  readonly #source: ArtifactSource;
  readonly #pending = new PendingSync();
  readonly #brought: ArtifactHead[] = [];
  readonly known = new Map<string, ArtifactHead & { readonly mtimeNs: bigint }>();

  constructor(context: StoreContext, location: RunLocation, source: ArtifactSource) {
    this.#context = context;
    this.#location = location;
    this.#source = source;
  }

  /** False when the source has no bytes for it. Throws INVALID_PARAMETER_VALUE when something is in the way. */
  async bring(head: ArtifactHead): Promise<boolean> {
    const { directory } = this.#location;
    const target = freePath({ owner: directory, folder: "artifacts" }, head.path);
    const temporary = join(directory, temporaryName());
    try {
      if (!(await receiveArtifact(this.#context, head, { source: this.#source, target: temporary })))
        return false;
      ensureDirectoryBelow(directory, dirname(target));
      publishFile(temporary, target);
    } catch (error) {
      removeFile(temporary);
      throw error;
    }
    this.#pending.add(target, directory);
    this.#brought.push(head);
    const mtimeNs = statIfExists(target)?.mtimeNs;
    if (mtimeNs !== undefined) this.known.set(`artifacts/${head.path}`, { ...head, mtimeNs });
    return true;
  }

  /** Makes what was brought durable. */
  finish(): void {
    this.#pending.flush();
    dropParts(this.#context, this.#brought);
  }
}
