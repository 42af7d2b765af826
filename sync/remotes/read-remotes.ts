/** The remotes that a workspace's config names. Reads only. */
import { readConfig } from "../../core/store/open-context.js";
import { configPath } from "../../core/workspace/find-workspace.js";
import { checkRemoteName, isRunstoneError, RunstoneError } from "../../store-format/index.js";
import { parseRemoteSettings, type RemoteSettings } from "./settings.js";

export interface RemoteList {
  readonly remotes: readonly RemoteSettings[];
  /** Of those that cannot be used: DAMAGED. One damaged remote hides no other. */
  readonly problems: readonly RunstoneError[];
}

/** In the order of the file. Throws DAMAGED (the config as a whole) and typed I/O errors. */
export function readRemotes(workspace: string): RemoteList {
  const path = configPath(workspace);
  const remotes: RemoteSettings[] = [];
  const problems: RunstoneError[] = [];
  for (const [name, value] of readConfig(workspace).remotes) {
    try {
      remotes.push(parseRemoteSettings(name, value, { path }));
    } catch (error) {
      if (!isRunstoneError(error, "DAMAGED")) throw error;
      problems.push(error);
    }
  }
  return { remotes, problems };
}

/** Throws RESOURCE_DOES_NOT_EXIST, DAMAGED, INVALID_PARAMETER_VALUE (no such name can be) and typed I/O errors. */
export function readRemote(workspace: string, name: string): RemoteSettings {
  checkRemoteName(name);
  const { remotes } = readConfig(workspace);
  if (!remotes.has(name)) throw noSuchRemote(name, [...remotes.keys()]);
  return parseRemoteSettings(name, remotes.get(name), { path: configPath(workspace) });
}

/**
 * The remote that is meant when none is named: the only one, or `origin`. Throws INVALID_PARAMETER_VALUE when it is not
 * clear, RESOURCE_DOES_NOT_EXIST when there is none.
 */
export function defaultRemote(workspace: string): string {
  const names = [...readConfig(workspace).remotes.keys()];
  if (names.length === 0) throw noSuchRemote(null, []);
  if (names.length === 1) return names[0]!;
  if (names.includes("origin")) return "origin";
  throw new RunstoneError("INVALID_PARAMETER_VALUE", "it is not clear which remote is meant", {
    hint: `Name one of ${names.join(", ")}.`,
    data: { remotes: names },
  });
}

function noSuchRemote(name: string | null, names: readonly string[]): RunstoneError {
  const known = names.length === 0 ? "" : ` Known: ${names.join(", ")}.`;
  const alike = names.find((other) => other.toLowerCase() === name?.toLowerCase());
  const what = name === null ? "this workspace has no remote" : `there is no remote ${name}`;
  return new RunstoneError("RESOURCE_DOES_NOT_EXIST", what, {
    hint:
      alike === undefined
        ? `Add one with: runstone remote add ${name ?? "NAME"} URL.${known}`
        : `Did you mean ${alike}?`,
    data: { remote: name },
  });
}
