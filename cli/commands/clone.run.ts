import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { listDirectory } from "../../core/fs/index.js";
import { openContext } from "../../core/store/open-context.js";
import { initWorkspace } from "../../core/workspace/init-workspace.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import { parseRemoteAddress, type RemoteAddress } from "../../sync/remotes/address.js";
import { addRemote } from "../../sync/remotes/edit-remotes.js";
import { type OpenedRemote, openRemote, openTypedRemote } from "../../sync/remotes/open-remote.js";
import { changePrivateRemote, privateDirectoryOf } from "../../sync/remotes/private-settings.js";
import { readRemote, readRemotes } from "../../sync/remotes/read-remotes.js";
import type { CommandContext } from "../context.js";
import { visible } from "../output/visible.js";
import { rateOf } from "../parse/byte-rate.js";
import { damageNotes } from "../store/open-place.js";
import { dryRunNative } from "../sync/dry-run-native.js";
import { dryRunPull } from "../sync/dry-run-pull.js";
import { afterExperiments } from "../sync/experiment-names.js";
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
  if (!isBegun) await assertCanBegin(context, { workspace, address });
  if (args["dry-run"] && !isBegun) return foreseeNew(context, args, { name, address });
  if (!isBegun) begin(context, { workspace, name, address });
  const remote = openRemote({ workspace, name, env: context.env, warn: (text) => context.err.line(text) });
  process.exitCode = await cloneInto(context, args, remote);
}

/** What a clone would bring, against a workspace for the time of the command, which is empty. */
async function foreseeNew(
  context: CommandContext,
  args: CloneArguments,
  { name, address }: Omit<NewClone, "workspace">,
): Promise<void> {
  const workspace = mkdtempSync(join(tmpdir(), "runstone-clone-"));
  try {
    initWorkspace(workspace);
    addRemote(workspace, name, { url: address.text });
    const warn = (text: string): void => context.err.line(text);
    const options = { workspace, name, env: context.env, warn };
    const remote = openTypedRemote(readRemote(workspace, name), options);
    process.exitCode = await cloneInto(context, args, remote);
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}

async function cloneInto(
  context: CommandContext,
  args: CloneArguments,
  remote: OpenedRemote,
): Promise<number> {
  const { workspace, name } = remote;
  const store = openContext({ cwd: workspace, now: context.now, warn: (text) => context.err.line(text) });
  const chosen = {
    place: { context: store, onDamage: damageNotes(context) },
    ...{ remoteName: name, runIds: undefined, experimentIds: undefined },
    ...(args.experiment.length === 0 ? {} : { experimentNames: args.experiment }),
  };
  const how = {
    jobs: jobsFor(args.jobs, remote),
    withArtifacts: !args["no-artifacts"],
    includeDeleted: args["include-deleted"],
    withRegistry: args.models,
  };
  const target = { chosen, remote, rate: rateOf(args["limit-rate"]) };
  const isServer = remote.address.kind === "mlflow";
  if (args["dry-run"])
    return isServer
      ? dryRunPull(context, target, { ...how, command: "clone" })
      : dryRunNative(context, target, { ...how, direction: "pull", command: "clone" });
  const words = { ...how, command: "runstone clone", verb: "Cloning", rate: target.rate };
  const report = isServer
    ? await pullFromServer(context, target, words)
    : await runNativeSync(context, target, { ...words, direction: "pull" });
  return afterExperiments(context, chosen, printSyncReport(context, report, "cloned from"));
}

interface NewClone {
  readonly workspace: string;
  readonly name: string;
  readonly address: RemoteAddress;
}

/** Asks first: an address where nothing is leaves nothing behind. */
async function assertCanBegin(
  context: CommandContext,
  { workspace, address }: Omit<NewClone, "name">,
): Promise<void> {
  if ((listDirectory(workspace) ?? []).length > 0)
    throw new RunstoneError("RESOURCE_ALREADY_EXISTS", `${workspace} is there and not empty`, {
      hint: "Give another directory, or add the remote to that workspace and pull.",
      data: { path: workspace },
    });
  // A server is asked when the remote can be opened, with the user's credentials for it.
  if (address.kind !== "mlflow") await assertThere(context, address);
}

function begin(context: CommandContext, { workspace, name, address }: NewClone): void {
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
