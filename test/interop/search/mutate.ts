/** Breaks a text a little, at the border of a token or inside one. */
import type { Random } from "./random.js";

const TOKEN = /'[^']*'|"[^"]*"|`[^`]*`|[\p{L}\p{N}_.]+|\s+|[<>=!]+|./gsu;

const INSERTED = [
  "'",
  '"',
  "`",
  "(",
  ")",
  ",",
  ";",
  ".",
  "-",
  "--",
  "/*",
  "*/",
  "%",
  "#",
  "@",
  "$",
  "\\",
  "\n",
  " ",
  "\u00a0",
  "\u2028",
  "=",
  "NOT",
  " AND ",
  " OR ",
  "NULL",
  "0",
  "1e5",
  "é",
  "😀",
  ":",
  "::",
  "[",
  "]",
  "{",
  "}",
  "*",
  "+",
  "/",
  "|",
  "||",
  "?",
  "&",
  "^",
  "~",
  "\0",
];

export function tokensOf(text: string): readonly string[] {
  return text.match(TOKEN) ?? [];
}

export function mutate(text: string, random: Random): string {
  const count = random.pick([1, 1, 1, 2, 3]);
  let mutated = text;
  for (let index = 0; index < count; index++) mutated = once(mutated, random);
  return mutated;
}

function once(text: string, random: Random): string {
  const tokens = [...tokensOf(text)];
  const at = random.below(tokens.length);
  const token = tokens[at] ?? "";
  switch (random.below(7)) {
    case 0:
      tokens.splice(at, 1);
      break;
    case 1:
      tokens.splice(at, 0, token);
      break;
    case 2:
      tokens.splice(at, 1, tokens[random.below(tokens.length)] ?? "");
      break;
    case 3:
      tokens.splice(at, 0, random.pick(INSERTED));
      break;
    case 4:
      tokens.splice(at, 1, random.chance(0.5) ? token.toUpperCase() : token.toLowerCase());
      break;
    case 5:
      tokens.splice(at, 1, inside(token, random));
      break;
    default:
      tokens.splice(at, 2, tokens[at + 1] ?? "", token);
  }
  return tokens.join("");
}

function inside(token: string, random: Random): string {
  const at = random.below(token.length + 1);
  return random.chance(0.5)
    ? token.slice(0, at) + random.pick(INSERTED) + token.slice(at)
    : token.slice(0, at) + token.slice(at + 1);
}
