/** Which kind of remote is opened by what. */
import { RunstoneError } from "../../store-format/index.js";
import type { RemoteKind } from "./address.js";
import type { OpenedRemote } from "./open-remote.js";

/** From a remote that may be spoken with to the target of a sync, or whatever else a caller does with each kind. */
export type RemoteOpener<Target> = (remote: OpenedRemote) => Promise<Target>;

export type RemoteOpeners<Target> = Readonly<Partial<Record<RemoteKind, RemoteOpener<Target>>>>;

/** Throws UNSUPPORTED for a kind without an opener, and what the opener throws. */
export async function openByKind<Target>(
  remote: OpenedRemote,
  openers: RemoteOpeners<Target>,
): Promise<Target> {
  const { kind } = remote.address;
  const open = openers[kind];
  if (open !== undefined) return open(remote);
  throw new RunstoneError(
    "UNSUPPORTED",
    `the remote ${remote.name} is of the kind ${kind}, which cannot do this`,
    {
      hint: `Kinds that can: ${Object.keys(openers).join(", ")}.`,
      data: { remote: remote.name, kind },
    },
  );
}
