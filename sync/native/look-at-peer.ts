/** What is new, changed and gone at a native remote: its heads, and of those that are not as they were, what they have now. */
import type { WireCheck } from "../../protocol/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import {
  goneThere,
  isDeletedHere,
  type LookOptions,
  type LookParties,
  type RemoteLook,
  type RunThere,
} from "../engine/remote-look.js";
import { ExperimentNaming } from "./experiment-naming.js";
import type { Peer } from "./peer.js";
import { planNative } from "./plan.js";
import { isAsCommon, isEqual } from "./settle.js";

export interface PeerParties extends LookParties {
  /** The store here. */
  readonly local: Peer;
  readonly remote: Peer;
}

/** Writes nothing. Throws what keeps the peer from answering. */
export async function lookAtPeer(parties: PeerParties, options: LookOptions): Promise<RemoteLook> {
  const { local, remote, state } = parties;
  const before = remote.requests;
  const [there, here] = await Promise.all([remote.heads(null), local.heads(null)]);
  const heads = there.heads ?? [];
  const seen = new Set(heads.map(({ runId }) => runId));
  const { candidates } = planNative({
    ...{ local: here.heads ?? [], remote: heads, direction: "both", recheck: false },
    marks: (runId) => state.marks(runId),
  });
  const experimentOf = new Map((here.heads ?? []).map(({ runId, experimentId }) => [runId, experimentId]));
  const chosen = options.experimentIds === undefined ? null : new Set(options.experimentIds);
  const asked = candidates
    .filter(({ remote: side }) => side === "changed")
    .map(({ runId }) => runId)
    .filter((runId) => chosen?.has(experimentOf.get(runId) ?? "") !== false || !experimentOf.has(runId));
  const changed = await new Comparison(parties, options).compare(asked, new Set(experimentOf.keys()));
  const gone = goneThere(parties, options, seen);
  return { runs: [...changed, ...gone], seen, requests: remote.requests - before };
}

class Comparison {
  readonly #parties: PeerParties;
  readonly #options: LookOptions;
  readonly #naming: ExperimentNaming;

  constructor(parties: PeerParties, options: LookOptions) {
    this.#parties = parties;
    this.#options = options;
    this.#naming = new ExperimentNaming(options.experiments);
  }

  /** `here`: ids of the runs of this store. */
  async compare(runIds: readonly string[], here: ReadonlySet<string>): Promise<readonly RunThere[]> {
    if (runIds.length === 0) return [];
    const own = await this.#own(runIds.filter((runId) => here.has(runId)));
    const changed: RunThere[] = [];
    for await (const about of this.#parties.remote.check(runIds)) {
      const { runId } = about;
      if (isRunstoneError(about.error, "RESOURCE_DOES_NOT_EXIST")) continue;
      // What cannot be read there is told by the pull that meets it.
      if (about.error !== undefined)
        changed.push({ runId, runName: "", change: here.has(runId) ? "changed" : "new" });
      else if (here.has(runId)) changed.push(...this.#changed(about, own.get(runId)));
      else if (this.#isMeant(about)) changed.push({ runId, runName: about.runName, change: "new" });
    }
    return changed;
  }

  async #own(runIds: readonly string[]): Promise<ReadonlyMap<string, WireCheck>> {
    const own = new Map<string, WireCheck>();
    if (runIds.length === 0) return own;
    for await (const about of this.#parties.local.check(runIds))
      if (about.error === undefined) own.set(about.runId, about);
    return own;
  }

  #changed(there: WireCheck, own: WireCheck | undefined): readonly RunThere[] {
    const { context, state } = this.#parties;
    const { runId, runName, lifecycleStage } = there;
    if (own !== undefined && isEqual(own, there)) return [];
    if (isAsCommon(there, state.run(runId)?.common ?? null)) return [];
    if (lifecycleStage === "active") return [{ runId, runName, change: "changed" }];
    return isDeletedHere(context, runId) ? [] : [{ runId, runName, change: "gone" }];
  }

  /** Runs that a pull would bring. */
  #isMeant({ lifecycleStage, experimentName }: WireCheck): boolean {
    const { experimentNames: names } = this.#options;
    return lifecycleStage === "active" && names?.has(this.#naming.here(experimentName)) !== false;
  }
}
