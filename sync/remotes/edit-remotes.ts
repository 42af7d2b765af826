/** Changes of `remotes:` in the config: edited in place, comments and order stay; what is written can be read again. */
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as Yaml from "yaml";
import { assertNoLinks, readBytes, replaceFile } from "../../core/fs/index.js";
import { parseGeneralYaml } from "../../core/store/read/general-yaml.js";
import { configPath, WORKSPACE_DIRECTORY } from "../../core/workspace/find-workspace.js";
import {
  assertWritableFormat,
  checkRemoteName,
  parseConfig,
  RunstoneError,
  type WorkspaceConfig,
} from "../../store-format/index.js";
import { parseRemoteSettings, type RemoteSettings } from "./settings.js";

/** Members of a remote, by their names in the file; `null` removes one. `map` adds to the experiments' map. */
export interface RemoteChange {
  readonly url?: string;
  readonly receipts?: string | null;
  readonly artifacts?: string | null;
  readonly jobs?: number | null;
  readonly prefix?: string | null;
  /** Name here -> name there; null removes it. */
  readonly map?: Readonly<Record<string, string | null>>;
}

/**
 * Throws RESOURCE_ALREADY_EXISTS (also for a name that differs only in case), INVALID_PARAMETER_VALUE, PERMISSION_DENIED (a
 * link), FORMAT_TOO_NEW, DAMAGED and typed I/O errors; then nothing is changed.
 */
export function addRemote(
  workspace: string,
  name: string,
  change: RemoteChange & { readonly url: string },
): RemoteSettings {
  checkRemoteName(name);
  edit(
    workspace,
    (document, config) => {
      assertFree(config, name);
      setMembers(document, name, change);
    },
    [name],
  );
  return readBack(workspace, name);
}

/** Throws as {@link addRemote}, and RESOURCE_DOES_NOT_EXIST. */
export function changeRemote(workspace: string, name: string, change: RemoteChange): RemoteSettings {
  edit(
    workspace,
    (document, config) => {
      assertThere(config, name);
      setMembers(document, name, change);
    },
    [name],
  );
  return readBack(workspace, name);
}

/** Throws as {@link changeRemote}. One that is damaged can be removed, too. */
export function removeRemote(workspace: string, name: string): void {
  edit(
    workspace,
    (document, config) => {
      assertThere(config, name);
      document.deleteIn(["remotes", name]);
    },
    [],
  );
}

/** Throws as {@link addRemote} and {@link changeRemote}. */
export function renameRemote(workspace: string, from: string, to: string): void {
  checkRemoteName(to);
  edit(
    workspace,
    (document, config) => {
      assertThere(config, from);
      if (to.toLowerCase() !== from.toLowerCase()) assertFree(config, to);
      const remotes = document.get("remotes") as Yaml.YAMLMap;
      const pair = remotes.items.find(({ key }) => nameOf(key) === from);
      if (pair !== undefined) pair.key = document.createNode(to);
    },
    [],
  );
}

function nameOf(key: unknown): string {
  return String(yaml().isScalar(key) ? key.value : key);
}

let loaded: typeof Yaml | undefined;

/** Loaded when a remote is changed, which is seldom. */
function yaml(): typeof Yaml {
  loaded ??= createRequire(import.meta.url)("yaml") as typeof Yaml;
  return loaded;
}

type Edit = (document: Yaml.Document.Parsed, config: WorkspaceConfig) => void;

/** `checked`: the remotes that must be sound afterwards. */
function edit(workspace: string, change: Edit, checked: readonly string[]): void {
  const path = configPath(workspace);
  const bytes = readBytes(path);
  const config = parseConfig(bytes, { general: parseGeneralYaml, path });
  assertWritableFormat(config);
  const document = yaml().parseDocument(Buffer.from(bytes).toString("utf8"), { version: "1.1" });
  change(document, config);
  const changed = Buffer.from(document.toString({ lineWidth: 0 }));
  const { remotes } = parseConfig(changed, { general: parseGeneralYaml, path });
  for (const name of checked) parseRemoteSettings(name, remotes.get(name), { path });
  const own = join(workspace, WORKSPACE_DIRECTORY);
  assertNoLinks(workspace, [WORKSPACE_DIRECTORY]);
  replaceFile(path, changed, { temporaryIn: own, sync: true });
}

function setMembers(document: Yaml.Document.Parsed, name: string, change: RemoteChange): void {
  const at = ["remotes", name];
  const { url, receipts, artifacts, jobs, prefix, map = {} } = change;
  const members = { url, receipts, artifacts, jobs };
  if (!document.hasIn(at)) openBlock(document);
  for (const [key, value] of Object.entries(members)) setOrDelete(document, [...at, key], value);
  setOrDelete(document, [...at, "experiments", "prefix"], prefix);
  for (const [local, remote] of Object.entries(map))
    setOrDelete(document, [...at, "experiments", "map", local], remote);
}

/** In block style, also where an empty `remotes: {}` stood. */
function openBlock(document: Yaml.Document.Parsed): void {
  ensureMap(document, ["remotes"]);
  (document.get("remotes") as Yaml.YAMLMap).flow = false;
}

/** Makes the maps of a path that are missing. */
function ensureMap(document: Yaml.Document.Parsed, path: readonly string[]): void {
  if (path.length === 0 || yaml().isMap(document.getIn(path))) return;
  ensureMap(document, path.slice(0, -1));
  document.setIn(path, document.createNode({}));
}

function setOrDelete(
  document: Yaml.Document.Parsed,
  path: readonly string[],
  value: string | number | null | undefined,
): void {
  if (value === undefined || (value === null && !document.hasIn(path))) return;
  if (value === null) document.deleteIn(path);
  else {
    ensureMap(document, path.slice(0, -1));
    document.setIn(path, value);
  }
}

function readBack(workspace: string, name: string): RemoteSettings {
  const path = configPath(workspace);
  const { remotes } = parseConfig(readBytes(path), { general: parseGeneralYaml, path });
  return parseRemoteSettings(name, remotes.get(name), { path });
}

/** Names are directories, too: on some systems Lab and lab are one. */
/** `runstone push all` would send everything to a remote of that name, and looks like something else. */
const MISLEADING = new Set(["all", "none"]);

function assertFree({ remotes }: WorkspaceConfig, name: string): void {
  if (MISLEADING.has(name.toLowerCase()))
    throw new RunstoneError("INVALID_PARAMETER_VALUE", `a remote cannot be called ${name}`, {
      hint: "In a command it would not look like a remote. Take another name, such as lab or origin.",
      data: { remote: name },
    });
  const taken = [...remotes.keys()].find((known) => known.toLowerCase() === name.toLowerCase());
  if (taken === undefined) return;
  throw new RunstoneError("RESOURCE_ALREADY_EXISTS", `there is a remote ${taken} already`, {
    hint: `Take another name, or change it with: runstone remote set ${taken}`,
    data: { remote: taken },
  });
}

function assertThere({ remotes }: WorkspaceConfig, name: string): void {
  if (remotes.has(name)) return;
  const known = [...remotes.keys()].join(", ");
  throw new RunstoneError("RESOURCE_DOES_NOT_EXIST", `there is no remote ${name}`, {
    hint: known === "" ? "Add one with: runstone remote add NAME URL" : `Known: ${known}.`,
    data: { remote: name },
  });
}
