/** The table of names in docs/limits.md: what it says is refused is refused, and what it leaves is taken. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkAlias,
  checkArtifactPath,
  checkExperimentName,
  checkLoggedModelName,
  checkModelName,
  checkRemoteName,
} from "../../store-format/index.js";
import { readPage } from "./pages.js";

interface Rule {
  readonly check: (name: string) => void;
  readonly refused: readonly string[];
  readonly taken: readonly string[];
}

const LONG = "x".repeat(501);
const ODD = 'a/b c:d\\e%f.é日本"';

const RULES: Readonly<Record<string, Rule>> = {
  "an experiment": {
    check: checkExperimentName,
    refused: ["", "  ", LONG, "a\nb", "a\tb", "it's"],
    taken: [ODD, "..", "x".repeat(500)],
  },
  "a registered model": {
    check: checkModelName,
    refused: ["", " ", "x".repeat(256), "a\nb", "a/b", "a:b", "a\\b", "a%b", ".", ".."],
    taken: ["net v2.é", "it's", '"'],
  },
  "a logged model": {
    check: checkLoggedModelName,
    refused: ["", "a\nb", "a/b", "a:b", "a.b", "a%b", 'a"b', "a'b"],
    taken: ["net v2", "a\\b"],
  },
  "an alias of a version": {
    check: checkAlias,
    refused: ["", "a.b", "a b", "latest", "v1", "v22", "x".repeat(256)],
    taken: ["champion_2-a", "vx"],
  },
  "a file of the artifacts": {
    check: checkArtifactPath,
    refused: ["a\nb", "a\\b", "/a", "~a", "./a", "a/../b", "a%20b"],
    taken: ["a b/é%zz.txt", "a~"],
  },
  "a remote": {
    check: checkRemoteName,
    refused: ["", "a b", "a/b", "-a", ".a", "_a", "CON", "aux.1", "x".repeat(65)],
    taken: ["lab-2.b_c", "7"],
  },
};

test("docs/limits.md says which names are refused", () => {
  const page = readPage("docs/limits.md");
  const section = page.slice(page.indexOf("## Names"), page.indexOf("## Durability"));
  const named = [...section.matchAll(/^\| (an? [^|]+?) +\|/gm)].map(([, name]) => name!);
  assert.deepEqual(
    named.filter((name) => name !== "a run"),
    Object.keys(RULES),
  );
  for (const [what, { check, refused, taken }] of Object.entries(RULES)) {
    for (const name of refused)
      assert.throws(
        () => check(name),
        { code: "INVALID_PARAMETER_VALUE" },
        `${what}: ${JSON.stringify(name)}`,
      );
    for (const name of taken) assert.doesNotThrow(() => check(name), `${what}: ${JSON.stringify(name)}`);
  }
});
