/** `--only PATH`: an artifact, all below a directory, or a pattern as in a shell. */

/**
 * True for paths that one of `only` names; for every path when there is none. `*` and `?` stop at a `/`, `**` does not;
 * `[ab]`, `[!ab]` and `{a,b}` are as in a shell.
 */
export function artifactMatcher(only: readonly string[]): (path: string) => boolean {
  if (only.length === 0) return () => true;
  const tests = only.map(matcherOf);
  return (path) => tests.some((matches) => matches(path));
}

function matcherOf(wanted: string): (path: string) => boolean {
  const name = wanted.replace(/\/+$/, "");
  const pattern = /[*?[{]/.test(name) ? new RegExp(`^(?:${sourceOf(name)})(?:/.*)?$`, "su") : null;
  return (path) => path === name || path.startsWith(`${name}/`) || pattern?.test(path) === true;
}

const TOKEN = /\*\*\/|\*\*|\*|\?|\[!?[^\]/]+\]|\{[^{}]*\}|[\s\S]/gu;

function sourceOf(glob: string): string {
  return (glob.match(TOKEN) ?? []).map(tokenSource).join("");
}

function tokenSource(token: string): string {
  if (token === "**/") return "(?:.*/)?";
  if (token === "**") return ".*";
  if (token === "*") return "[^/]*";
  if (token === "?") return "[^/]";
  if (token.length > 2 && token.startsWith("[")) return classSource(token.slice(1, -1));
  if (token.length > 1 && token.startsWith("{"))
    return `(?:${token.slice(1, -1).split(",").map(sourceOf).join("|")})`;
  return escaped(token);
}

function classSource(inside: string): string {
  const isNot = inside.startsWith("!");
  const members = (isNot ? inside.slice(1) : inside).replace(/[\\\]^[]/g, "\\$&");
  return `[${isNot ? "^/" : ""}${members}]`;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
