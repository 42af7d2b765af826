import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { REPOSITORY } from "../unit/format-support.js";

const SCRIPT = "scripts/check-spec.mjs";

function checkSpec(root: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, SCRIPT)], { encoding: "utf8" });
  return { status, stdout, stderr };
}

/** A copy of what the script reads, with changes of the page. */
function copyWith(change: (page: string) => string, citation = ""): string {
  const root = mkdtempSync(join(tmpdir(), "runstone-spec-"));
  for (const path of [SCRIPT, "store-format/damage-kinds.ts", "store-format/errors.ts", "test/spec"])
    cpSync(join(REPOSITORY, path), join(root, path), { recursive: true });
  writeFileSync(join(root, "SPEC.md"), change(readFileSync(join(REPOSITORY, "SPEC.md"), "utf8")));
  if (citation !== "") writeFileSync(join(root, "test/spec/cited.test.ts"), `test("${citation}")`);
  return root;
}

describe("check-spec", () => {
  test("the page and the tests agree", () => {
    const { status, stderr } = checkSpec(REPOSITORY);
    assert.equal(status, 0, stderr);
  });

  const cases: readonly [name: string, change: (page: string) => string, message: RegExp][] = [
    ["a damage kind without a row", (page) => page.replace("\n| `key_clash` |", "\n| `x` |"), /key_clash/],
    ["an error code without a row", (page) => page.replace("\n| `DAMAGED` |", "\n| `x` |"), /DAMAGED/],
    ["a rule defined twice", (page) => `${page}\n**${"R"}-text-1**\n`, /twice/],
    [
      "a reference to a rule that is not there",
      (page) => `${page}\n${"R"}-text-99\n`,
      new RegExp(`${"R"}-text-99`),
    ],
  ];
  for (const [name, change, message] of cases) {
    test(`fails on ${name}`, (t) => {
      const root = copyWith(change);
      t.after(() => rmSync(root, { recursive: true }));
      const { status, stderr } = checkSpec(root);
      assert.equal(status, 1);
      assert.match(stderr, message);
    });
  }

  test("fails on a test that cites an unknown rule", (t) => {
    const root = copyWith((page) => page, `${"R"}-nowhere-1`);
    t.after(() => rmSync(root, { recursive: true }));
    assert.match(checkSpec(root).stderr, new RegExp(`cites ${"R"}-nowhere-1`));
  });
});
