/** The attributes that decide how a file becomes a blob (gitattributes(5)). */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Env } from "../../capture/find-program.js";
import type { Repository } from "../repository.js";
import { parentOf, type WorkFiles } from "./work-files.js";

export interface FileAttributes {
  /** Name of the filter driver. */
  readonly filter: string | null;
  /** Line endings may be converted when there are any. */
  readonly text: boolean;
  /** `$Id$` is contracted. */
  readonly ident: boolean;
  /** Stored as UTF-8, in the work tree in another encoding. */
  readonly encoding: boolean;
}

export type AttributesOf = (path: string) => FileAttributes;

export interface AttributePlace {
  readonly repository: Repository;
  readonly env: Env;
  readonly files: WorkFiles;
  readonly config: ReadonlyMap<string, string>;
}

const NAMES = ["filter", "text", "crlf", "eol", "ident", "working-tree-encoding"];

/** Asks Git, unless no file there could say anything. */
export async function readAttributes(place: AttributePlace, paths: readonly string[]): Promise<AttributesOf> {
  const autocrlf = place.config.get("core.autocrlf")?.toLowerCase() ?? "false";
  const converts = !["false", "no", "off", "0", ""].includes(autocrlf);
  const none: FileAttributes = { filter: null, text: converts, ident: false, encoding: false };
  if (paths.length === 0 || !mayHaveAttributes(place, paths)) return () => none;
  const { stdout } = await place.repository.git(["check-attr", "-z", "--stdin", ...NAMES], {
    input: Buffer.from(`${paths.join("\0")}\0`, "latin1"),
  });
  const known = parseAttributes(stdout.toString("latin1"));
  return (path) => judge(known.get(path) ?? new Map(), converts);
}

/** `<path>\0<attribute>\0<value>\0`, one after the other. */
function parseAttributes(text: string): Map<string, Map<string, string>> {
  const words = text.split("\0");
  const known = new Map<string, Map<string, string>>();
  for (let i = 0; i + 2 < words.length; i += 3) {
    const path = words[i] ?? "";
    const of = known.get(path) ?? new Map<string, string>();
    known.set(path, of.set(words[i + 1] ?? "", words[i + 2] ?? ""));
  }
  return known;
}

function judge(values: ReadonlyMap<string, string>, converts: boolean): FileAttributes {
  const get = (name: string): string | null => {
    const value = values.get(name) ?? "unspecified";
    return value === "unspecified" ? null : value;
  };
  const isSet = (name: string): boolean => get(name) !== null && get(name) !== "unset";
  const [text, crlf] = [get("text"), get("crlf")];
  const filter = get("filter");
  return {
    filter: filter === null || filter === "unset" || filter === "set" ? null : filter,
    text: text !== null ? text !== "unset" : crlf !== null ? crlf !== "unset" : isSet("eol") || converts,
    ident: isSet("ident"),
    encoding: isSet("working-tree-encoding"),
  };
}

function mayHaveAttributes(
  { repository, env, files, config }: AttributePlace,
  paths: readonly string[],
): boolean {
  // In a sparse checkout Git takes them from the index where the file is not there.
  if (config.get("core.sparsecheckout") === "true" || config.has("core.attributesfile")) return true;
  const home = env.XDG_CONFIG_HOME || join(env.HOME ?? env.USERPROFILE ?? "/nonexistent", ".config");
  const places = [
    join(repository.commonDir, "info/attributes"),
    join(home, "git/attributes"),
    "/etc/gitattributes",
  ];
  if (places.some((path) => existsSync(path))) return true;
  if (paths.some((path) => path === ".gitattributes" || path.endsWith("/.gitattributes"))) return true;
  const seen = new Set<string>();
  for (const path of paths)
    for (let directory = parentOf(path); !seen.has(directory); directory = parentOf(directory)) {
      seen.add(directory);
      if (files.look(directory === "" ? ".gitattributes" : `${directory}/.gitattributes`) !== null)
        return true;
    }
  return false;
}
