/**
 * What this user alone knows of remotes: the addresses they confirmed and how to log in there. `credentials.yaml` in the
 * user's configuration directory, mode 0600 in a directory of mode 0700; never in a workspace, never printed.
 *
 * An entry belongs to a remote of a workspace and counts only as long as the remote has the confirmed address: what a
 * pulled config changes, it does not confirm.
 */
import { join, posix, win32 } from "node:path";
import {
  assertOwnDirectory,
  ensurePrivateDirectory,
  readSecretFile,
  realPathIfExists,
  replacePrivateFile,
  statIfExists,
} from "../../core/fs/index.js";
import { processOwner, takeExclusive } from "../../core/leases/index.js";
import { parseGeneralYaml } from "../../core/store/read/general-yaml.js";
import {
  isRunstoneError,
  isYamlList,
  isYamlMap,
  isYamlScalar,
  parseYamlFile,
  RunstoneError,
  resolveYamlScalar,
  serializeYamlMap,
  type YamlInput,
  type YamlMap,
  type YamlValue,
  yamlString,
} from "../../store-format/index.js";

export type Environment = Readonly<Record<string, string | undefined>>;

export type Login =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | { readonly kind: "bearer"; readonly token: string }
  /** A program that prints them, with its arguments. */
  | { readonly kind: "command"; readonly command: readonly string[] };

export interface PrivateRemote {
  /** `RemoteAddress.origin` that this user confirmed. */
  readonly confirmed: string;
  readonly login: Login | null;
  /** Any certificate will do. */
  readonly insecureTls: boolean;
  /** Passwords and tokens may go over http: to other machines. */
  readonly plainHttp: boolean;
}

const FILE = "credentials.yaml";
const CLAIM = "credentials.lock";
const FORMAT = 1;
const MAX_BYTES = 1 << 20;
const WAIT_MS = 50;
const WAITS = 100;

/** Where the file lies: XDG_CONFIG_HOME or `~/.config`, %APPDATA% on Windows. Null when the environment names no place. */
export function privateDirectoryOf(env: Environment, platform: NodeJS.Platform): string | null {
  const { isAbsolute, join: joined } = platform === "win32" ? win32 : posix;
  const base = configHome(env, platform);
  return base !== undefined && isAbsolute(base) ? joined(base, "runstone") : null;
}

function configHome({ APPDATA, XDG_CONFIG_HOME, HOME }: Environment, platform: NodeJS.Platform) {
  if (platform === "win32") return APPDATA;
  if (XDG_CONFIG_HOME !== undefined && posix.isAbsolute(XDG_CONFIG_HOME)) return XDG_CONFIG_HOME;
  return HOME === undefined || HOME === "" ? undefined : posix.join(HOME, ".config");
}

/** A remote of a workspace. */
export interface RemoteKey {
  readonly workspace: string;
  readonly name: string;
}

/**
 * What this user knows of a remote; null: nothing. Throws PERMISSION_DENIED (others can read the file), DAMAGED, FORMAT_TOO_NEW
 * and typed I/O errors.
 */
export function readPrivateRemote(directory: string | null, key: RemoteKey): PrivateRemote | null {
  const file = directory === null ? emptyFile() : readFile(directory);
  return file.get(workspaceKey(key.workspace))?.get(key.name) ?? null;
}

/**
 * Changes what is known of a remote; `null` forgets it. Throws as {@link readPrivateRemote}, and UNSUPPORTED when the
 * environment names no place for the file.
 */
export function changePrivateRemote(
  directory: string | null,
  key: RemoteKey,
  change: (now: PrivateRemote | null) => PrivateRemote | null,
): void {
  changeFile(directory, (file) => {
    const workspace = workspaceKey(key.workspace);
    const remotes = file.get(workspace) ?? new Map<string, PrivateRemote>();
    const next = change(remotes.get(key.name) ?? null);
    if (next === null) remotes.delete(key.name);
    else remotes.set(key.name, next);
    if (remotes.size === 0) file.delete(workspace);
    else file.set(workspace, remotes);
  });
}

/** Gives what is known of a remote to another name. */
export function renamePrivateRemote(directory: string | null, key: RemoteKey, to: string): void {
  if (directory === null) return;
  const known = readPrivateRemote(directory, key);
  if (known === null) return;
  changePrivateRemote(directory, { ...key, name: to }, () => known);
  changePrivateRemote(directory, key, () => null);
}

/** Links in a path change nothing; the same workspace under another path is another one. */
function workspaceKey(workspace: string): string {
  return realPathIfExists(workspace) ?? workspace;
}

type File = Map<string, Map<string, PrivateRemote>>;

function emptyFile(): File {
  return new Map();
}

function changeFile(directory: string | null, change: (file: File) => void): void {
  if (directory === null)
    throw new RunstoneError("UNSUPPORTED", "there is no place for settings of yours", {
      hint: "Set HOME or XDG_CONFIG_HOME.",
      data: {},
    });
  ensurePrivateDirectory(directory);
  const release = claim(join(directory, CLAIM));
  try {
    const file = readFile(directory);
    change(file);
    replacePrivateFile(join(directory, FILE), Buffer.from(serializeFile(file)), true);
  } finally {
    release();
  }
}

/** Waits a few seconds for another command that changes the file. */
function claim(path: string): () => void {
  for (let waits = 0; ; waits += 1) {
    try {
      return takeExclusive(path, processOwner("runstone"), {
        what: "your settings of remotes",
        hintSilent: `If that process is gone for certain, remove ${path}.`,
      });
    } catch (error) {
      if (!isRunstoneError(error, "LEASE_HELD") || waits >= WAITS) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
    }
  }
}

function readFile(directory: string): File {
  if (statIfExists(directory) === null) return emptyFile();
  assertOwnDirectory(directory);
  const path = join(directory, FILE);
  const bytes = readSecretFile(path, MAX_BYTES);
  return bytes === null ? emptyFile() : parseFile(bytes, path);
}

function parseFile(bytes: Uint8Array, path: string): File {
  const map = parseYamlFile(bytes, "file of your remotes", { general: parseGeneralYaml, path });
  const format = numberOf(map.get("format"));
  if (format === undefined) throw damaged(path, "format");
  if (format > FORMAT)
    throw new RunstoneError("FORMAT_TOO_NEW", `${path} has format ${format}; this release knows ${FORMAT}`, {
      hint: "Upgrade runstone.",
      data: { path, found: format, expected: FORMAT },
    });
  const file = emptyFile();
  for (const [workspace, remotes] of mapOf(map.get("workspaces"), path, "workspaces")) {
    const found = new Map<string, PrivateRemote>();
    for (const [name, remote] of mapOf(remotes, path, workspace))
      found.set(name, parseRemote(mapOf(remote, path, name), path, name));
    file.set(workspace, found);
  }
  return file;
}

function parseRemote(map: YamlMap, path: string, name: string): PrivateRemote {
  const text = (key: string) => {
    const value = map.get(key);
    return value === undefined ? undefined : yamlString(value);
  };
  const confirmed = text("confirmed");
  if (confirmed === undefined) throw damaged(path, `${name}.confirmed`);
  return {
    confirmed,
    login: parseLogin(text, map.get("credential_command"), () => damaged(path, `${name}.credential_command`)),
    insecureTls: isTrue(map.get("insecure_tls")),
    plainHttp: isTrue(map.get("plain_http")),
  };
}

function parseLogin(
  text: (key: string) => string | undefined,
  command: YamlValue | undefined,
  refusal: () => RunstoneError,
): Login | null {
  if (command !== undefined) {
    const words = isYamlList(command) ? command.map(yamlString) : [];
    if (words.length === 0 || !words.every((word) => word !== undefined)) throw refusal();
    return { kind: "command", command: words };
  }
  const token = text("token");
  if (token !== undefined) return { kind: "bearer", token };
  const username = text("username");
  return username === undefined ? null : { kind: "basic", username, password: text("password") ?? "" };
}

function serializeFile(file: File): string {
  const workspaces = new Map<string, YamlInput>();
  for (const [workspace, remotes] of file) {
    const entries = [...remotes].map(([name, remote]): [string, YamlInput] => [name, remoteValue(remote)]);
    workspaces.set(workspace, new Map(entries));
  }
  return serializeYamlMap({ format: FORMAT, workspaces });
}

function remoteValue({ confirmed, login, insecureTls, plainHttp }: PrivateRemote): YamlInput {
  return {
    confirmed,
    insecure_tls: insecureTls || undefined,
    plain_http: plainHttp || undefined,
    ...(login?.kind === "bearer" ? { token: login.token } : {}),
    ...(login?.kind === "basic" ? { username: login.username, password: login.password } : {}),
    ...(login?.kind === "command" ? { credential_command: login.command } : {}),
  };
}

function mapOf(value: YamlValue | undefined, path: string, field: string): YamlMap {
  if (isYamlMap(value)) return value;
  if (value === undefined) return new Map();
  throw damaged(path, field);
}

function numberOf(value: YamlValue | undefined): number | undefined {
  const found = isYamlScalar(value) ? resolveYamlScalar(value) : undefined;
  return typeof found === "number" ? found : undefined;
}

function isTrue(value: YamlValue | undefined): boolean {
  return isYamlScalar(value) && resolveYamlScalar(value) === true;
}

/** Names the field, never its value. */
function damaged(path: string, field: string): RunstoneError {
  return new RunstoneError("DAMAGED", `${path} cannot be used: ${field} is missing or of the wrong kind`, {
    hint: `Correct it, or delete the file and confirm your remotes again.`,
    data: { path, field, offset: 0 },
  });
}
