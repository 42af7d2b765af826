import assert from "node:assert/strict";
import { test } from "node:test";
import { artifactMatcher } from "../../cli/parse/artifact-pattern.js";

const PATHS = ["a.txt", "b.txt", "p/a.txt", "p/q/a.png", "p/[x].txt", "pp/a.txt", "x+y.txt"];

test("paths, directories and patterns name artifacts", () => {
  const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
    [[], PATHS],
    [["a.txt"], ["a.txt"]],
    [["p"], ["p/a.txt", "p/q/a.png", "p/[x].txt"]],
    [["p/"], ["p/a.txt", "p/q/a.png", "p/[x].txt"]],
    [["*.txt"], ["a.txt", "b.txt", "x+y.txt"]],
    [["**/*.txt"], ["a.txt", "b.txt", "p/a.txt", "p/[x].txt", "pp/a.txt", "x+y.txt"]],
    [["p/**"], ["p/a.txt", "p/q/a.png", "p/[x].txt"]],
    [["?.txt"], ["a.txt", "b.txt"]],
    [["[!a].txt"], ["b.txt"]],
    [["[ab].txt"], ["a.txt", "b.txt"]],
    [["{a,x+y}.txt"], ["a.txt", "x+y.txt"]],
    [["p/[x].txt"], ["p/[x].txt"]],
    [
      ["p/q", "b.*"],
      ["b.txt", "p/q/a.png"],
    ],
    [["*"], PATHS],
    [["nothing"], []],
    [["[", "{", "(", "\\"], []],
  ];
  for (const [only, expected] of cases)
    assert.deepEqual(PATHS.filter(artifactMatcher(only)), expected, only.join(" "));
});
