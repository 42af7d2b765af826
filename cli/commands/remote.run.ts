import { storeRoot } from "../../core/store/open-context.js";
import { isRemoteName } from "../../store-format/index.js";
import { isLoopback } from "../../sync/http/target.js";
import { assertOtherDirectory } from "../../sync/native/other-store.js";
import { parseRemoteAddress, type RemoteAddress } from "../../sync/remotes/address.js";
import {
  addRemote,
  changeRemote,
  type RemoteChange,
  removeRemote,
  renameRemote,
} from "../../sync/remotes/edit-remotes.js";
import { chooseLogin, type Trust, trustIn } from "../../sync/remotes/open-remote.js";
import {
  changePrivateRemote,
  type PrivateRemote,
  privateDirectoryOf,
  readPrivateRemote,
  renamePrivateRemote,
} from "../../sync/remotes/private-settings.js";
import { defaultRemote, readRemote, readRemotes } from "../../sync/remotes/read-remotes.js";
import { MAX_JOBS, type RemoteSettings } from "../../sync/remotes/settings.js";
import {
  assertNoSync,
  forgetRemoteState,
  readRemoteState,
  renameRemoteState,
} from "../../sync/state/index.js";
import type { CommandContext } from "../context.js";
import { printJsonObject } from "../output/print-json.js";
import { printRows } from "../output/print-rows.js";
import { visible } from "../output/visible.js";
import { parsePair } from "../parse/pairs.js";
import { usageError } from "../parse/usage-error.js";
import { workspaceOfRemotes } from "../sync/workspace.js";
import type {
  AddArguments,
  NamedArguments,
  RemoveArguments,
  RenameArguments,
  SetArguments,
} from "./remote.js";

const KIND_WORDS = { mlflow: "MLflow server", directory: "directory", ssh: "over ssh" } as const;

export function runAdd(context: CommandContext, args: AddArguments): void {
  const workspace = workspaceOfRemotes(context);
  const key = { workspace, name: args.name };
  const directory = privateDirectory(context);
  if (isRemoteName(args.url) && /[:/\\]/.test(args.name))
    throw usageError("the name comes first, then the address", `runstone remote add ${args.url} URL`);
  const address = parseRemoteAddress(args.url, context.cwd);
  assertOtherAddress(workspace, address);
  readPrivateRemote(directory, key);
  const settings = addRemote(workspace, args.name, { ...changeOf(args), url: address.text });
  changePrivateRemote(directory, key, () => ({ ...confirmedNow(address), ...switchesOf(args) }));
  context.err.line(`added ${args.name}: ${visible(address.text)} (${KIND_WORDS[address.kind]})`);
  if (settings.address.kind === "mlflow" && !isLoopback(new URL(address.origin).hostname))
    context.err.line(`If it wants a password or token: runstone login ${args.name}`);
}

/** A far one is asked when it is opened. */
function assertOtherAddress(workspace: string, address: RemoteAddress): void {
  if (address.kind === "directory")
    assertOtherDirectory({ workspace, root: storeRoot(workspace) }, address.path);
}

function confirmedNow({ origin }: RemoteAddress): PrivateRemote {
  return { confirmed: origin, login: null, insecureTls: false, plainHttp: false };
}

type Switches = Pick<SetArguments, "insecure-tls" | "plain-http">;

function switchesOf(args: Switches): Partial<PrivateRemote> {
  return {
    ...(args["insecure-tls"] === undefined ? {} : { insecureTls: args["insecure-tls"] === "yes" }),
    ...(args["plain-http"] === undefined ? {} : { plainHttp: args["plain-http"] === "yes" }),
  };
}

function changeOf(args: AddArguments | SetArguments): RemoteChange {
  const { prefix, map, artifacts, receipts, jobs } = args;
  const pairs = map.map(parsePair).map(({ key, value }) => [key, value === "" ? null : value] as const);
  return {
    ...(prefix === undefined ? {} : { prefix: prefix === "" ? null : prefix }),
    ...(artifacts === undefined ? {} : { artifacts }),
    ...(receipts === undefined ? {} : { receipts }),
    ...(jobs === undefined ? {} : { jobs: jobsOf(Number(jobs)) }),
    map: Object.fromEntries(pairs),
  };
}

function jobsOf(jobs: number): number {
  if (jobs >= 1 && jobs <= MAX_JOBS) return jobs;
  throw usageError(`--jobs cannot be ${jobs}`, `Give a number from 1 to ${MAX_JOBS}.`);
}

export function runSet(context: CommandContext, args: SetArguments): void {
  const { name, url, trust } = args;
  const workspace = workspaceOfRemotes(context);
  const key = { workspace, name };
  const directory = privateDirectory(context);
  const change = changeOf(args);
  const switches = switchesOf(args);
  const changesConfig = Object.keys(change).length > 1 || Object.keys(change.map ?? {}).length > 0;
  if (!changesConfig && url === undefined && !trust && Object.keys(switches).length === 0)
    throw usageError("nothing to set", "Give a setting, for example --prefix alice/ or --trust.");
  const address = url === undefined ? undefined : parseRemoteAddress(url, context.cwd);
  if (address !== undefined) assertOtherAddress(workspace, address);
  if (changesConfig || address !== undefined)
    changeRemote(workspace, name, { ...change, ...(address === undefined ? {} : { url: address.text }) });
  const settings = readRemote(workspace, name);
  const { own } = trustIn(settings, { workspace, env: context.env });
  const confirms = trust || address !== undefined;
  if (!confirms && own === null && Object.keys(switches).length > 0)
    throw usageError(
      `the address of ${name} is not confirmed: ${settings.address.text}`,
      "Add --trust if you know it.",
    );
  if (confirms || Object.keys(switches).length > 0)
    changePrivateRemote(directory, key, () => ({ ...(own ?? confirmedNow(settings.address)), ...switches }));
  if (confirms) context.err.line(`confirmed ${name}: ${visible(settings.address.text)}`);
}

export function runRemove(context: CommandContext, args: RemoveArguments): void {
  const workspace = workspaceOfRemotes(context);
  const { name } = args;
  assertNoSync(placeOf(context, workspace), name);
  removeRemote(workspace, name);
  const directory = privateDirectory(context);
  if (directory !== null && readPrivateRemote(directory, { workspace, name }) !== null)
    changePrivateRemote(directory, { workspace, name }, () => null);
  const forgotten = args["forget-state"] && forgetRemoteState(placeOf(context, workspace), name);
  context.err.line(
    `removed ${name}${forgotten ? " and what was known of it" : ""}; nothing was changed there`,
  );
}

export function runRename(context: CommandContext, { name, to }: RenameArguments): void {
  const workspace = workspaceOfRemotes(context);
  assertNoSync(placeOf(context, workspace), name);
  renameRemote(workspace, name, to);
  renameRemoteState(placeOf(context, workspace), name, to);
  renamePrivateRemote(privateDirectory(context), { workspace, name }, to);
  context.err.line(`renamed ${name} to ${to}`);
}

export async function runList(context: CommandContext): Promise<void> {
  const workspace = workspaceOfRemotes(context);
  const { remotes, problems } = readRemotes(workspace);
  const rows = remotes.map((settings) => {
    const trust = trustIn(settings, { workspace, env: context.env });
    return { settings, trust };
  });
  for (const { message } of problems) context.err.line(`runstone: ${visible(message)}`);
  for (const { ignored } of remotes)
    for (const note of ignored) context.err.line(`runstone: ${visible(note)}`);
  if (remotes.length > 0 || context.json)
    await printRows(context, {
      columns: [
        { key: "name", title: "NAME", type: "text" },
        { key: "kind", title: "KIND", type: "text" },
        { key: "address", title: "ADDRESS", type: "text", shrinkTo: 20 },
        { key: "confirmed", title: "CONFIRMED", type: "text" },
        { key: "login", title: "LOGIN", type: "text" },
      ],
      rows: rows.map(({ settings, trust }) => [
        settings.name,
        settings.address.kind,
        settings.address.text,
        trust.isConfirmed ? "yes" : "no",
        loginWords(settings, trust, context),
      ]),
      records: rows.map(({ settings, trust }) => ({
        name: settings.name,
        kind: settings.address.kind,
        url: settings.address.text,
        confirmed: trust.isConfirmed,
        login: loginWords(settings, trust, context),
      })),
      format: context.json ? "json" : "table",
    });
  if (remotes.length === 0 && problems.length === 0)
    context.err.line("No remotes. Add one with: runstone remote add NAME URL");
}

export function runShow(context: CommandContext, args: NamedArguments): void {
  const workspace = workspaceOfRemotes(context);
  const settings = readRemote(workspace, args.name ?? defaultRemote(workspace));
  const trust = trustIn(settings, { workspace, env: context.env });
  for (const note of settings.ignored) context.err.line(`runstone: ${visible(note)}`);
  const facts = factsOf(context, settings, trust);
  if (context.json) return printJsonObject(context, facts);
  for (const [key, value] of Object.entries(facts)) context.out.line(`${key}: ${visible(textOf(value))}`);
}

/** Never a secret: that there is one, and whose. */
function factsOf(context: CommandContext, settings: RemoteSettings, trust: Trust) {
  const { name, address, experiments, artifacts, receipts, jobs } = settings;
  const state = readRemoteState(placeOf(context, workspaceOfRemotes(context)), name, {
    address: address.text,
  });
  const known = { runs_known: count(state.runIds()), runs_in_conflict: count(state.runsInConflict()) };
  state.close();
  return {
    name,
    kind: address.kind,
    url: address.text,
    confirmed: trust.isConfirmed,
    login: loginWords(settings, trust, context),
    insecure_tls: trust.own?.insecureTls ?? false,
    plain_http: trust.own?.plainHttp ?? false,
    prefix: experiments.prefix,
    map: experiments.map,
    artifacts,
    receipts,
    jobs,
    ...known,
  };
}

function count(items: Iterable<unknown>): number {
  return [...items].length;
}

function textOf(value: unknown): string {
  if (value === true) return "yes";
  if (value === false) return "no";
  if (value === null) return "default";
  if (typeof value !== "object") return String(value);
  return Object.entries(value as Readonly<Record<string, string>>)
    .map(([local, remote]) => `${local}=${remote}`)
    .join(", ");
}

function loginWords({ address }: RemoteSettings, trust: Trust, { env }: CommandContext): string {
  if (address.kind === "ssh") return "by ssh";
  if (address.kind === "directory") return "none";
  const login = trust.own?.login ?? null;
  switch (chooseLogin(trust, env).source) {
    case "environment":
      return "by MLflow's variables";
    case "command":
      return login?.kind === "command" ? `asked of ${login.command[0]}` : "";
    case "login":
      return login?.kind === "basic" ? `user ${login.username}, password: set` : "token: set";
    default:
      return "none";
  }
}

function privateDirectory({ env }: CommandContext): string | null {
  return privateDirectoryOf(env, process.platform);
}

/** Enough for the state of remotes; the store itself may not be there. */
function placeOf(context: CommandContext, workspace: string) {
  const warn = (message: string) => context.err.line(`runstone: ${visible(message)}`);
  return { workspace, root: storeRoot(workspace), warn };
}
