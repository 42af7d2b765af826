/** Making a workspace: `.runstone/` with its config, and a store that MLflow reads. Repeating it changes nothing. */
import { join, resolve } from "node:path";
import { DEFAULT_CONFIG, serializeConfig, type WorkspaceConfig } from "../../store-format/index.js";
import { assertNoLinks, createFile, ensureDirectory, statIfExists } from "../fs/index.js";
import { createStore } from "../store/experiments/index.js";
import { openContext, storeRoot } from "../store/open-context.js";
import { assertInWorkspace } from "../store/writable.js";
import { configPath, WORKSPACE_DIRECTORY } from "./find-workspace.js";

export interface InitResult {
  readonly workspace: string;
  readonly root: string;
  /** Files made by this call, relative to the workspace. */
  readonly created: readonly string[];
}

/** Everything below `.runstone` is derived or local, except the config. */
const WORKSPACE_IGNORE = "*\n!.gitignore\n!config.yaml\n";

/**
 * No newline conversion in a store: values are bytes. Git's built-in merge drivers only: an unknown driver would leave
 * conflict markers inside tag files.
 */
const STORE_ATTRIBUTES = `# Written by runstone init. Values are bytes: no newline conversion, no text merge.
* -text
**/metrics/** merge=union
**/links.jsonl merge=union
**/params/** -merge
**/tags/** -merge
**/aliases/** -merge
**/traces/** -merge
**/*.yaml -merge
**/artifacts/** !merge
`;

/** What a new config says besides its path. */
export type InitSettings = Partial<Pick<WorkspaceConfig, "artifacts">>;

/** Makes `directory` a workspace with the store `storePath` (relative to it). Throws typed errors. */
export function initWorkspace(
  directory: string,
  storePath = "mlruns",
  settings: InitSettings = {},
): InitResult {
  const result = makeWorkspaceFiles(directory, storePath, settings);
  createStore(openContext({ cwd: directory }));
  return result;
}

/** As {@link initWorkspace}, but nothing is made in the store itself. */
export function makeWorkspaceFiles(
  directory: string,
  storePath: string,
  settings: InitSettings = {},
): InitResult {
  const created: string[] = [];
  assertInWorkspace(resolve(directory, storePath), directory);
  assertNoLinks(directory, [WORKSPACE_DIRECTORY]);
  const own = join(directory, WORKSPACE_DIRECTORY);
  ensureDirectory(own, true);
  const config = Buffer.from(serializeConfig({ ...DEFAULT_CONFIG, ...settings, store: storePath }));
  put(join(own, ".gitignore"), Buffer.from(WORKSPACE_IGNORE), own, created);
  put(configPath(directory), config, own, created);
  const root = storeRoot(directory);
  ensureDirectory(root, true);
  put(join(root, ".gitattributes"), Buffer.from(STORE_ATTRIBUTES), own, created);
  return { workspace: directory, root, created: created.map((path) => path.slice(directory.length + 1)) };
}

export type WorkspaceFile = "ignore" | "config" | "attributes";

/** Which files {@link makeWorkspaceFiles} would make. */
export function missingWorkspaceFiles(directory: string, root: string): WorkspaceFile[] {
  const own = join(directory, WORKSPACE_DIRECTORY);
  const places = [
    ["ignore", join(own, ".gitignore")],
    ["config", configPath(directory)],
    ["attributes", join(root, ".gitattributes")],
  ] as const;
  return places.filter(([, path]) => statIfExists(path) === null).map(([file]) => file);
}

function put(path: string, bytes: Uint8Array, temporaryIn: string, created: string[]): void {
  if (createFile(path, bytes, { temporaryIn, sync: true })) created.push(path);
}
