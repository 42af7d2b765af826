/** The reference pages say what the code does. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { DEFAULT_CONFIG, ERROR_CODES, serializeConfig } from "../../store-format/index.js";
import { REPOSITORY } from "../helpers/python.js";
import { readPage } from "./pages.js";

test("errors.md describes every error code, in the order of the list", () => {
  const page = readPage("docs/reference/errors.md");
  const described = Array.from(page.matchAll(/^## `(\w+)`$/gm), ([, code]) => code);
  assert.deepEqual(described, [...ERROR_CODES]);
  for (const section of page.split(/^## /m).slice(1)) {
    assert.match(section, /^Do: \S/m, `what to do about ${section.split("\n")[0]}`);
  }
});

test("config.md has every setting with its default", () => {
  const described = tableRows(readPage("docs/reference/config.md"), "Key").map(([key, value]) => [
    bare(key),
    bare(value),
  ]);
  assert.deepEqual(new Map(described as [string, string][]), flatSettings());
});

test("tags.md names every tag of Runstone's in the code, and no other", () => {
  const page = readPage("docs/reference/tags.md");
  const described = Array.from(page.matchAll(/^\| `(runstone\.[\w.]+)`/gm), ([, tag]) => tag!);
  assert.deepEqual(
    described.sort(),
    namesInSources(/"(runstone\.[a-z][\w.]+)"/g, (name) => !isFile(name)),
  );
  for (const tag of namesInSources(/"(mlflow\.[a-zA-Z.]+)"/g)) {
    assert.ok(page.includes(`\`${tag}\``), `tags.md misses ${tag}`);
  }
});

test("environment.md names every variable of Runstone's in the code, and no other", () => {
  const page = readPage("docs/reference/environment.md");
  const described = new Set(Array.from(page.matchAll(/`(RUNSTONE_[A-Z_]+)`/g), ([, name]) => name!));
  assert.deepEqual(
    [...described].sort(),
    namesInSources(/\b(RUNSTONE_[A-Z_]+)\b/g, () => true, [...FOLDERS, "sync"]),
  );
});

/** The cells of the rows of the table whose first column has this title. */
function tableRows(page: string, title: string): readonly (readonly string[])[] {
  const lines = page.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${title} `));
  const end = lines.findIndex((line, index) => index > start && !line.startsWith("|"));
  return lines.slice(start + 2, end).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function bare(cell: string | undefined): string {
  return (cell ?? "").replaceAll("`", "");
}

/** `capture.git` => `true`, as the codec writes the defaults. */
function flatSettings(): Map<string, string> {
  const settings = new Map<string, string>();
  let section = "";
  for (const line of serializeConfig(DEFAULT_CONFIG).trimEnd().split("\n")) {
    const [, indent = "", key = "", value = ""] = /^( *)(\w+):(?: (.*))?$/.exec(line) ?? assert.fail(line);
    if (indent === "") section = value === "" ? `${key}.` : "";
    if (value !== "") settings.set(section + key, value);
  }
  return settings;
}

const FOLDERS = ["core", "sdk", "cli", "store-format"];

function namesInSources(
  pattern: RegExp,
  isWanted = (_name: string) => true,
  folders = FOLDERS,
): readonly string[] {
  const names = new Set<string>();
  for (const folder of folders) {
    for (const path of readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: "utf8" })) {
      if (!path.endsWith(".ts")) continue;
      const source = readFileSync(join(REPOSITORY, folder, path), "utf8");
      for (const [, name] of source.matchAll(pattern)) if (isWanted(name!)) names.add(name!);
    }
  }
  return [...names].sort();
}

function isFile(name: string): boolean {
  return name.endsWith(".js");
}
