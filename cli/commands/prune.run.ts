import { join } from "node:path";
import { findRun, type RunLocation } from "../../core/index.js";
import {
  type ArtifactHead,
  readRunDocument,
  releaseArtifacts,
  releaseObjects,
} from "../../core/transfer/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import type { KeptRun, PrunedRun } from "../../sync/mlflow/prune-runs.js";
import { StorePeer } from "../../sync/native/store-peer.js";
import type { NativeParties } from "../../sync/native/sync-session.js";
import { openByKind } from "../../sync/remotes/index.js";
import type { CommandContext } from "../context.js";
import { usageError } from "../parse/usage-error.js";
import { chooseForSync, openChosenRemote } from "../sync/chosen.js";
import { type NativeTarget, withPeer } from "../sync/native-sync.js";
import { leastBytes, NO_OBJECTS, printPruned, pruneFromServer } from "../sync/prune-from-server.js";
import type { PruneArguments } from "./prune.js";

export async function runPrune(context: CommandContext, args: PruneArguments): Promise<void> {
  if (!args.synced)
    throw usageError(
      "prune frees only what is synced",
      "Say so: runstone prune --synced (`runstone gc` frees what nothing needs)",
    );
  const chosen = chooseForSync(context, args);
  const remote = openChosenRemote(context, chosen);
  const native = (): Promise<number> => pruneWith(context, args, { chosen, remote });
  process.exitCode = await openByKind(remote, {
    mlflow: () => pruneFromServer(context, args, { chosen, remote }),
    directory: native,
    ssh: native,
  });
}

const RUNS_AT_ONCE = 64;

async function pruneWith(
  context: CommandContext,
  args: PruneArguments,
  target: NativeTarget,
): Promise<number> {
  const least = leastBytes(args);
  const { pruned, kept, objects } = await withPeer(
    context,
    target,
    "runstone prune",
    async (parties, signal) => {
      const pruner = new Pruner(parties, { least, dryRun: args["dry-run"] });
      const ids = syncedRuns(parties, target);
      for (let at = 0; at < ids.length && !signal.aborted; at += RUNS_AT_ONCE)
        await pruner.prune(ids.slice(at, at + RUNS_AT_ONCE));
      const freed = pruner.pruned.flatMap((run) => run.freed);
      const released = args["dry-run"] ? NO_OBJECTS : releaseObjects(parties.context, freed);
      return { ...pruner, objects: released };
    },
  );
  return printPruned(context, {
    pruned,
    kept,
    objects,
    dryRun: args["dry-run"],
    remote: target.remote.name,
    store: target.chosen.place.context,
  });
}

/** Runs that have a receipt of this remote. */
function syncedRuns({ state, context }: NativeParties, { chosen }: NativeTarget): readonly string[] {
  const wanted = chosen.runIds === undefined ? null : new Set(chosen.runIds);
  const experiments = chosen.experimentIds === undefined ? null : new Set(chosen.experimentIds);
  const isChosen = (id: string): boolean =>
    wanted?.has(id) !== false &&
    (experiments === null || experiments.has(findRun(context, id)?.experimentId ?? ""));
  return [...state.runIds()].filter((id) => isChosen(id) && state.run(id)?.receipt != null);
}

class Pruner {
  readonly pruned: PrunedRun[] = [];
  readonly kept: KeptRun[] = [];
  readonly #parties: NativeParties;
  readonly #least: number;
  readonly #dryRun: boolean;

  constructor(
    parties: NativeParties,
    { least, dryRun }: { readonly least: number; readonly dryRun: boolean },
  ) {
    this.#parties = parties;
    this.#least = least;
    this.#dryRun = dryRun;
  }

  /** The remote hashes what it has before anything is freed here. */
  async prune(runIds: readonly string[]): Promise<void> {
    const here = runIds.filter((id) => this.#artifactsOf(id).length > 0);
    if (here.length === 0) return;
    for await (const about of this.#parties.remote.check(here, { deep: true })) {
      const { runId } = about;
      if (about.error !== undefined) this.kept.push({ runId, reason: about.error.message });
      else if (about.absent > 0)
        this.kept.push({ runId, reason: `${about.absent} of them are missing there` });
      else this.#release(runId, about.recordDigest);
    }
  }

  /** Artifacts of a run that would be freed. */
  #artifactsOf(runId: string): readonly ArtifactHead[] {
    const { context, state } = this.#parties;
    const location = findRun(context, runId);
    if (location === null) return [];
    try {
      const held = state.run(runId)?.artifacts ?? {};
      const { artifacts } = readRunDocument(context, location).document;
      return artifacts.filter(
        ({ path, sha256, size, absent }) => absent !== true && size > this.#least && held[path] === sha256,
      );
    } catch (error) {
      if (!isRunstoneError(error)) throw error;
      this.kept.push({ runId, reason: error.message });
      return [];
    }
  }

  #release(runId: string, recordDigest: string): void {
    const { context } = this.#parties;
    const location = findRun(context, runId);
    if (location === null) return;
    // Equal as a whole: then each artifact here is one that the remote just hashed.
    if (readRunDocument(context, location).document.recordDigest !== recordDigest)
      return void this.kept.push({ runId, reason: "it is not the same there: sync it first" });
    const heads = this.#artifactsOf(runId);
    if (heads.some(({ path }) => this.#isSameFile(runId, path, location)))
      return void this.kept.push({ runId, reason: "what the remote has is this very file" });
    const wanted = new Set(heads.map(({ path }) => path));
    const freed = this.#dryRun ? heads : releaseArtifacts(context, location, ({ path }) => wanted.has(path));
    if (freed.length > 0) this.pruned.push({ runId, freed });
  }

  /** By a link, say: freeing it here would free it there. */
  #isSameFile(runId: string, path: string, { directory }: RunLocation): boolean {
    const { remote } = this.#parties;
    return remote instanceof StorePeer && remote.isAt(runId, path, join(directory, "artifacts", path));
  }
}
