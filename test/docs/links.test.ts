/** Every relative link in the documentation leads to a file, and to a heading where it names one. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { REPOSITORY } from "../helpers/python.js";
import { pages, readPage, withoutBlocks } from "./pages.js";

test("every relative link resolves", () => {
  const broken: string[] = [];
  for (const page of pages()) {
    const text = withoutBlocks(readPage(page));
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : join(dirname(page), path);
      if (!existsSync(join(REPOSITORY, file))) broken.push(`${page}: ${target}`);
      else if (anchor !== undefined && !anchorsOf(file).has(anchor)) broken.push(`${page}: ${target}`);
    }
  }
  assert.deepEqual(broken, []);
});

/** As GitHub makes them. */
function anchorsOf(file: string): ReadonlySet<string> {
  const text = withoutBlocks(readPage(file));
  const titles = Array.from(text.matchAll(/^#+ (.*)$/gm), ([, title]) => title!);
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_\- ]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}
