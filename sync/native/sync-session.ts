/** What all runs of one native sync share. */

import type { OnDamage } from "../../core/index.js";
import type { StoreContext } from "../../core/store/context.js";
import type { OnSyncEvent } from "../engine/progress.js";
import type { RemoteState } from "../state/index.js";
import type { Peer } from "./peer.js";
import type { Direction } from "./plan.js";

export interface NativeParties {
  readonly context: StoreContext;
  /** The store here. */
  readonly local: Peer;
  readonly remote: Peer;
  readonly state: RemoteState;
}

export interface NativeOptions {
  readonly direction: Direction;
  /** Default: every run. */
  readonly runIds?: readonly string[];
  /** Ids of experiments here; default: every one. */
  readonly experimentIds?: readonly string[];
  /** Their names here, which tell of runs that are only there; default: every one. */
  readonly experimentNames?: ReadonlySet<string>;
  /** Transfers at once. */
  readonly jobs: number;
  readonly withArtifacts: boolean;
  /** Runs that are deleted on one side are brought to the other, and deleted there. */
  readonly includeDeleted: boolean;
  /** The model registry, too: after the runs. */
  readonly withRegistry?: boolean;
  /** Looks at runs that the journal says are the same, too. */
  readonly recheck?: boolean;
  /** Names of experiments there. */
  readonly experiments: { readonly map: ReadonlyMap<string, string>; readonly prefix: string };
  /** Writes the receipt into the run's directory, too. */
  readonly commitReceipts: boolean;
  /** Set by a sync that goes on while runs run: those that did the last time, which are looked at again. */
  readonly live?: Set<string>;
  readonly onDamage?: OnDamage;
  readonly signal?: AbortSignal;
  readonly onEvent?: OnSyncEvent;
}
