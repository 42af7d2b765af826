/** A far end in a process of its own, as ssh starts it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { openFarPeer } from "../../sync/native/far-peer.js";
import type { Peer } from "../../sync/native/peer.js";
import type { NativeServeTask } from "./native-serve-child.js";

const CHILD = fileURLToPath(new URL("./native-serve-child.js", import.meta.url));

export interface FarEnd {
  readonly peer: Peer;
  /** Closes the pipe; the operations that the far end did, or null when it was killed. */
  end(): Promise<number | null>;
}

/** Throws what `openFarPeer` throws. */
export async function startFarEnd(task: NativeServeTask): Promise<FarEnd> {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const child: ChildProcess = spawn(process.execPath, [CHILD, JSON.stringify(task)], {
    stdio: ["pipe", "pipe", "pipe"],
    env,
  });
  let said = "";
  child.stderr!.on("data", (piece) => (said += piece));
  const closed = once(child, "close");
  const peer = await openFarPeer({
    streams: { input: child.stdout!, output: child.stdin! },
    program: "near",
  });
  return {
    peer,
    async end() {
      await peer.close();
      const [, signal] = await closed;
      if (signal === "SIGKILL") return null;
      const operations = /^ops (\d+)$/m.exec(said)?.[1];
      if (operations === undefined) throw new Error(`the far end failed: ${said}`);
      return Number(operations);
    },
  };
}
