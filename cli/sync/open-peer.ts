/** The native peer behind an address: the store in a directory, or the runstone at the far end of ssh. */

import { RunstoneError } from "../../store-format/index.js";
import { systemClock } from "../../sync/http/clock.js";
import type { Throttle } from "../../sync/http/index.js";
import { greetingTimeoutMs } from "../../sync/http/timings.js";
import { openFarPeer } from "../../sync/native/far-peer.js";
import { openDirectory, openOrMakeDirectory } from "../../sync/native/open-directory.js";
import type { Peer } from "../../sync/native/peer.js";
import { peerOverPipe } from "../../sync/native/peer-over-pipe.js";
import { shapedStreams } from "../../sync/native/shaped-streams.js";
import { SshConnection } from "../../sync/native/ssh.js";
import { StorePeer } from "../../sync/native/store-peer.js";
import type { DirectoryAddress, RemoteAddress, SshAddress } from "../../sync/remotes/address.js";
import type { CommandContext } from "../context.js";
import { visible } from "../output/visible.js";
import { VERSION } from "../version.js";

export interface OpenedPeer {
  readonly peer: Peer;
  /** The same error, or what is behind it: an ssh that said why it ended. */
  explain(error: unknown): Promise<unknown>;
  close(): Promise<void>;
}

export const PROGRAM = `runstone ${VERSION}`;

/**
 * With a throttle, the bytes between both stores pass at its pace. Throws UNSUPPORTED for other kinds, REMOTE_UNREACHABLE,
 * REMOTE_FAILED, INVALID_PARAMETER_VALUE.
 */
export async function openPeer(
  context: CommandContext,
  address: RemoteAddress,
  throttle: Throttle | null = null,
): Promise<OpenedPeer> {
  if (address.kind === "directory") return openDirectoryPeer(context, address, throttle);
  if (address.kind === "ssh") return openSshPeer(context, address, throttle);
  throw new RunstoneError("UNSUPPORTED", `this cannot be done with a remote of the kind ${address.kind}`, {
    hint: "Kinds that can: directory, ssh.",
    data: { kind: address.kind },
  });
}

/** A peer over the store in a directory of this machine. */
export function directoryPeer(context: CommandContext, path: string): Peer {
  const options = {
    now: context.now,
    warn: (message: string) => context.err.line(`runstone: ${visible(message)}`),
  };
  return new StorePeer({
    program: PROGRAM,
    open: () => openDirectory(path, options),
    make: () => openOrMakeDirectory(path, options),
  });
}

async function openDirectoryPeer(
  context: CommandContext,
  { path }: DirectoryAddress,
  throttle: Throttle | null,
): Promise<OpenedPeer> {
  const peer = directoryPeer(context, path);
  const explain = async (error: unknown): Promise<unknown> => error;
  if (throttle === null) return { peer, explain, close: () => peer.close() };
  return { ...(await peerOverPipe(peer, (streams) => shapedStreams(streams, throttle))), explain };
}

async function openSshPeer(
  context: CommandContext,
  address: SshAddress,
  throttle: Throttle | null,
): Promise<OpenedPeer> {
  const { env, err } = context;
  const timeoutMs = greetingTimeoutMs(env);
  const words = (env["RUNSTONE_SSH_COMMAND"] ?? "").split(" ").filter((word) => word !== "");
  const connection = SshConnection.start(address, {
    ...(words.length === 0 ? {} : { command: words }),
    isInteractive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    env,
    onLine: (line) => {
      err.line(`${address.host}: ${visible(line)}`);
      err.flush();
    },
  });
  const explain = (error: unknown): Promise<unknown> => connection.explain(error);
  const patience = { timeoutMs, clock: systemClock };
  try {
    const streams = throttle === null ? connection.streams : shapedStreams(connection.streams, throttle);
    const peer = await openFarPeer({ streams, program: PROGRAM, patience });
    const close = async (): Promise<void> => {
      await peer.close();
      await connection.close();
    };
    return { peer, explain, close };
  } catch (error) {
    const reason = await explain(error);
    await connection.close();
    throw reason;
  }
}
