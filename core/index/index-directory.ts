/** Where the indexes of a user's stores lie. */
import { posix, win32 } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The index directory in the user's cache: below XDG_CACHE_HOME or `~/.cache`, `~/Library/Caches`, %LOCALAPPDATA%. Null
 * when the environment names none. A relative path is no answer (XDG Base Directory Specification).
 */
export function indexDirectoryOf(env: Environment, platform: NodeJS.Platform): string | null {
  const { isAbsolute, join } = platform === "win32" ? win32 : posix;
  const cache = cacheOf(env, platform);
  return cache !== undefined && isAbsolute(cache) ? join(cache, "runstone", "index") : null;
}

function cacheOf(
  { LOCALAPPDATA, XDG_CACHE_HOME, HOME }: Environment,
  platform: NodeJS.Platform,
): string | undefined {
  if (platform === "win32") return LOCALAPPDATA;
  if (XDG_CACHE_HOME !== undefined && posix.isAbsolute(XDG_CACHE_HOME)) return XDG_CACHE_HOME;
  if (HOME === undefined || HOME === "") return undefined;
  return platform === "darwin" ? posix.join(HOME, "Library", "Caches") : posix.join(HOME, ".cache");
}
