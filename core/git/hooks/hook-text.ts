/** The text of a Git hook with our call in it. Pure; one character a byte, for hooks of others may be in any encoding. */

/** Hooks that Runstone takes part in. */
export const HOOK_NAMES = ["post-checkout", "post-merge", "post-rewrite", "pre-commit", "pre-push"] as const;
export type HookName = (typeof HOOK_NAMES)[number];

const BEGIN = "# runstone begin";
const END = "# runstone end";
const SHEBANG = "#!/bin/sh\n";
/** What the hook was called that ours goes before, where nothing can be put into it. */
export const FORMER = ".before-runstone";

/** Text of a shell script, or of one that a shell is given (no `#!`). */
export function isShellScript(text: string): boolean {
  const [first = ""] = text.split("\n", 1);
  if (text.includes("\0")) return false;
  return !first.startsWith("#!") || /^#!\s*\S*\b(?:env\s+)?(?:ba|da|z|k)?sh(?:\s|$)/.test(first);
}

/**
 * `call` before everything else the hook does, for many end with `exec` or `exit`. Its standard input stays the hook's. Only a
 * `pre-` hook that says no stops Git.
 */
export function withCall(text: string, name: HookName, call: string): string {
  const rest = withoutCall(text);
  const ending = name === "pre-commit" ? "|| exit $?" : "|| :";
  const block = `${BEGIN}\n${call} hooks run ${name} -- "$@" </dev/null ${ending}\n${END}\n`;
  const head = rest.startsWith("#!") ? `${rest.split("\n", 1)[0]}\n` : rest === "" ? SHEBANG : "";
  return `${head}${block}${rest.slice(Math.min(head.length, rest.length))}`;
}

/** A hook of ours alone that goes on with the former one. */
export function callingFormer(name: HookName, call: string): string {
  return withCall(`${SHEBANG}exec "$0${FORMER}" "$@"\n`, name, call);
}

export function withoutCall(text: string): string {
  const lines = text.split("\n");
  const begin = lines.indexOf(BEGIN);
  const end = lines.indexOf(END, begin);
  if (begin < 0 || end < 0) return text;
  lines.splice(begin, end - begin + 1);
  return lines.join("\n");
}

export function hasCall(text: string): boolean {
  return withoutCall(text) !== text;
}

/** Whether nothing but ours was in it. */
export function isOursAlone(text: string): boolean {
  return hasCall(text) && [SHEBANG, ""].includes(withoutCall(text));
}

/** Whether it is what {@link callingFormer} gives. */
export function callsFormer(text: string): boolean {
  return hasCall(text) && withoutCall(text).includes(`exec "$0${FORMER}"`);
}
