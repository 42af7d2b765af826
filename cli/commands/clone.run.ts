import { basename, resolve } from "node:path";
import { listDirectory } from "../../core/fs/index.js";
import { openContext } from "../../core/store/open-context.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import { parseRemoteAddress, type RemoteAddress } from "../../sync/remotes/address.js";
import { addRemote } from "../../sync/remotes/edit-remotes.js";
import { openRemote } from "../../sync/remotes/open-remote.js";
import { changePrivateRemote, privateDirectoryOf } from "../../sync/remotes/private-settings.js";
import { readRemotes } from "../../sync/remotes/read-remotes.js";
import type { CommandContext } from "../context.js";
import { visible } from "../output/visible.js";
import { damageNotes } from "../store/open-place.js";
import { jobsFor } from "../sync/jobs.js";
import { runNativeSync } from "../sync/native-sync.js";
import { openPeer } from "../sync/open-peer.js";
import { printSyncReport } from "../sync/print-report.js";
import { pullFromServer } from "../sync/pull-from-server.js";
import type { CloneArguments } from "./clone.js";

export async function runClone(context: CommandContext, args: CloneArguments): Promise<void> {
  const address = parseRemoteAddress(args.url, context.cwd);
  const name = args.name ?? "origin";
  const workspace = resolve(context.cwd, args.directory ?? nameOf(address));
  const isBegun = isBegunClone(workspace, name, address);
  if (!isBegun) await begin(context, { workspace, name, address });
  const remote = openRemote({ workspace, name, env: context.env, warn: (text) => context.err.line(text) });
  const store = openContext({ cwd: workspace, now: context.now, warn: (text) => context.err.line(text) });
  const place = { context: store, onDamage: damageNotes(context) };
  const chosen = { place, remoteName: name, runIds: undefined, experimentIds: undefined };
  const how = {
    ...{ command: "runstone clone", verb: "Cloning" },
    jobs: jobsFor(args.jobs, remote),
    withArtifacts: !args["no-artifacts"],
    includeDeleted: args["include-deleted"],
  };
  const target = { chosen, remote };
  const report =
    address.kind === "mlflow"
      ? await pullFromServer(context, target, how)
      : await runNativeSync(context, target, { ...how, direction: "pull" });
  process.exitCode = printSyncReport(context, report, "cloned from");
}

interface NewClone {
  readonly workspace: string;
  readonly name: string;
  readonly address: RemoteAddress;
}

/** Asks first: an address where nothing is leaves nothing behind. */
async function begin(context: CommandContext, { workspace, name, address }: NewClone): Promise<void> {
  if ((listDirectory(workspace) ?? []).length > 0)
    throw new RunstoneError("RESOURCE_ALREADY_EXISTS", `${workspace} is there and not empty`, {
      hint: "Give another directory, or add the remote to that workspace and pull.",
      data: { path: workspace },
    });
  // A server is asked when the remote can be opened, with the user's credentials for it.
  if (address.kind !== "mlflow") await assertThere(context, address);
  initWorkspace(workspace);
  addRemote(workspace, name, { url: address.text });
  const confirmed = { confirmed: address.origin, login: null, insecureTls: false, plainHttp: false };
  const directory = privateDirectoryOf(context.env, process.platform);
  if (directory === null)
    throw new RunstoneError("INVALID_STATE", "there is no place for your settings: HOME is not set");
  changePrivateRemote(directory, { workspace, name }, () => confirmed);
  context.err.line(`Made a workspace: ${visible(workspace)}`);
  context.err.flush();
}

async function assertThere(context: CommandContext, address: RemoteAddress): Promise<void> {
  const opened = await openPeer(context, address);
  try {
    const { exists } = await opened.peer.heads(null);
    if (!exists)
      throw new RunstoneError("NOT_A_STORE", `there is no store at ${address.text}`, {
        hint: "Check the address; a store is made by the first push.",
        data: { address: address.text },
      });
  } catch (error) {
    throw await opened.explain(error);
  } finally {
    await opened.close();
  }
}

function isBegunClone(workspace: string, name: string, address: RemoteAddress): boolean {
  try {
    const { remotes } = readRemotes(workspace);
    return remotes.some((remote) => remote.name === name && remote.address.text === address.text);
  } catch (error) {
    if (isRunstoneError(error)) return false;
    throw error;
  }
}

function nameOf(address: RemoteAddress): string {
  if (address.kind === "mlflow") return new URL(address.text).hostname;
  const { path } = address;
  const name = basename(path.replace(/\/mlruns\/?$/, ""));
  return name === "" || name === "~" ? "runs" : name;
}
