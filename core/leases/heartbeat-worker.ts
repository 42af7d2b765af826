/**
 * The worker thread of a heartbeat (own entry: started by its URL). proper-lockfile holds `lease.beat` and keeps its
 * modification time young; it never takes a beat over by age (`stale: Infinity`). Only who holds the lease may beat.
 */
import { parentPort, workerData } from "node:worker_threads";
import { lock } from "proper-lockfile";
import { removeIfEmpty } from "../fs/index.js";
import { holdsClaim } from "./claim-file.js";
import { FLAG, type HeartbeatOrders } from "./heartbeat.js";

const orders = workerData as HeartbeatOrders;
const flags = new Int32Array(orders.flags);
const RETRY_MS = 1000;
let release: (() => Promise<void>) | undefined;
let retry: NodeJS.Timeout | undefined;
let pending: Promise<void>;

/** Takes the beat, clearing one that an earlier owner of the lease left behind. */
async function beat(): Promise<void> {
  if (isStopped()) return;
  if (!isOurs()) return lose();
  try {
    release = await lock(orders.beat, {
      lockfilePath: orders.beat,
      realpath: false,
      stale: Number.POSITIVE_INFINITY,
      update: orders.intervalMs,
      onCompromised: again,
    });
    Atomics.store(flags, FLAG.beating, 1);
  } catch {
    removeLeftover();
    again();
  }
}

/** The beat vanished, was touched by others, or could not be taken: look whose the lease is, and beat on if it is ours. */
function again(): void {
  release = undefined;
  Atomics.store(flags, FLAG.beating, 0);
  if (isStopped()) return;
  retry = setTimeout(() => {
    pending = beat();
  }, RETRY_MS);
}

function removeLeftover(): void {
  try {
    if (isOurs()) removeIfEmpty(orders.beat);
  } catch {
    // Tried again at the next beat.
  }
}

function isOurs(): boolean {
  try {
    return holdsClaim(orders.lease, orders.claim);
  } catch {
    // Unreadable for the moment (EIO, ESTALE): no proof that it is lost.
    return true;
  }
}

function lose(): void {
  Atomics.store(flags, FLAG.lost, 1);
}

function isStopped(): boolean {
  return Atomics.load(flags, FLAG.stop) === 1;
}

async function stop(): Promise<void> {
  clearTimeout(retry);
  await pending;
  try {
    if (isOurs()) await release?.();
    else lose();
  } catch {
    // Gone already: nothing to take away.
  }
  Atomics.store(flags, FLAG.done, 1);
  Atomics.notify(flags, FLAG.done);
  process.exit();
}

parentPort?.once("message", () => void stop());
pending = beat();
