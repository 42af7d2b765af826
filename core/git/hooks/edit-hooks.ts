/**
 * Runstone's calls in the hooks of a repository. What others wrote stays and runs after ours: in a shell script our lines
 * come first; any other program, and a link, gets another name and is called by ours.
 */
import { join } from "node:path";
import {
  ensureDirectory,
  makeExecutable,
  moveFile,
  readBytesIfExists,
  removeFile,
  replaceFile,
  statIfExists,
} from "../../fs/index.js";
import type { HookPlace } from "./hook-place.js";
import {
  callingFormer,
  callsFormer,
  FORMER,
  HOOK_NAMES,
  type HookName,
  hasCall,
  isOursAlone,
  isShellScript,
  withCall,
  withoutCall,
} from "./hook-text.js";

export type HookState =
  /** Written now. */
  | "installed"
  | "there_already"
  /** Somebody's hook is there and may not be executed: Git does not run it, and would then. Nothing was done. */
  | "not_executable"
  /** It had to get another name, which another file has. Nothing was done. */
  | "no_place"
  | "removed"
  | "not_there";

export interface HookResult {
  readonly name: HookName;
  readonly state: HookState;
}

const MAX_HOOK_BYTES = 1 << 24;

/** `call`: how Runstone is started, as words for `sh`. Can be repeated. Throws typed I/O errors. */
export function installHooks(place: HookPlace, call: string): readonly HookResult[] {
  ensureDirectory(place.directory);
  return HOOK_NAMES.map((name) => ({ name, state: installHook(place, name, call) }));
}

/** Throws typed I/O errors. */
export function removeHooks(place: HookPlace): readonly HookResult[] {
  return HOOK_NAMES.map((name) => ({ name, state: removeHook(place, name) }));
}

/** Hooks that call Runstone. */
export function listHooks(place: HookPlace): readonly HookName[] {
  return HOOK_NAMES.filter((name) => hasCall(readHook(join(place.directory, name)) ?? ""));
}

function installHook(place: HookPlace, name: HookName, call: string): HookState {
  const path = join(place.directory, name);
  const found = statIfExists(path);
  const text = found?.kind === "file" ? (readHook(path) ?? "") : "";
  if (found === null) return writeHook(place, name, withCall("", name, call));
  const isRun = place.isHusky || found.kind !== "file" || (found.mode & 0o100) !== 0;
  if (!isRun && !hasCall(text)) return "not_executable";
  if (found.kind !== "file" || !isShellScript(text)) {
    if (statIfExists(path + FORMER) !== null) return "no_place";
    moveFile(path, path + FORMER);
    return writeHook(place, name, callingFormer(name, call));
  }
  const wanted = callsFormer(text) ? callingFormer(name, call) : withCall(text, name, call);
  return wanted === text ? "there_already" : writeHook(place, name, wanted);
}

function removeHook(place: HookPlace, name: HookName): HookState {
  const path = join(place.directory, name);
  const text = statIfExists(path)?.kind === "file" ? (readHook(path) ?? "") : "";
  if (!hasCall(text)) return "not_there";
  if (callsFormer(text) && statIfExists(path + FORMER) !== null) moveFile(path + FORMER, path);
  else if (isOursAlone(text)) removeFile(path);
  else writeHook(place, name, withoutCall(text));
  return "removed";
}

function readHook(path: string): string | null {
  const bytes = statIfExists(path)?.kind === "file" ? readBytesIfExists(path, MAX_HOOK_BYTES) : null;
  return bytes === null ? null : Buffer.from(bytes).toString("latin1");
}

/** One that is there keeps its permissions. */
function writeHook({ directory, isHusky }: HookPlace, name: HookName, text: string): "installed" {
  const path = join(directory, name);
  const isNew = statIfExists(path) === null;
  replaceFile(path, Buffer.from(text, "latin1"), { temporaryIn: directory, sync: true });
  if (isNew && !isHusky) makeExecutable(path);
  return "installed";
}
