/** What a terminal can draw with. */
import type { Environment } from "../context.js";
import type { Glyphs } from "./dot-canvas.js";

/** The Linux console has blocks but no braille; a locale that names another character set than UTF-8 has neither. */
export function chooseGlyphs(ascii: boolean, env: Environment): Glyphs {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || "";
  if (ascii || (/\.[\w-]+$/.test(locale) && !/\.utf-?8$/i.test(locale))) return "ascii";
  return env.TERM === "linux" ? "block" : "braille";
}
