/**
 * Holds SPEC.md and the tests together. Lists the numbered rules (`R-metric-3`) that no test cites in its title, which is
 * no failure unless `--strict` is given. Fails (exit code 1) when a rule is defined twice, when a test cites a rule that
 * is not defined, or when a damage kind or an error code of the code is missing from the page.
 *
 *   node scripts/check-spec.mjs [--strict]
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const RULE = /\bR-[a-z]+-[0-9]+\b/g;

const page = read("SPEC.md");
const defined = [...page.matchAll(/\*\*(R-[a-z]+-[0-9]+)\*\*/g)].map((match) => match[1]);
const cited = citations(join(root, "test"));
const failures = [...twice(), ...unknownReferences(), ...unknownCitations(), ...missingWords()];
const untested = defined.filter((rule) => !cited.has(rule));

console.log(`${defined.length} rules, ${defined.length - untested.length} cited by tests`);
for (const rule of untested) console.log(`no test cites ${rule}`);
for (const failure of failures) console.error(failure);
const strict = process.argv.includes("--strict");
process.exitCode = failures.length > 0 || (strict && untested.length > 0) ? 1 : 0;

function read(path) {
  return readFileSync(join(root, path), "utf8");
}

function twice() {
  const again = defined.filter((rule, i) => defined.indexOf(rule) !== i);
  return again.map((rule) => `SPEC.md defines ${rule} twice`);
}

function unknownReferences() {
  const named = new Set(page.match(RULE) ?? []);
  return [...named]
    .filter((rule) => !defined.includes(rule))
    .map((rule) => `SPEC.md names ${rule}, which it lacks`);
}

function unknownCitations() {
  return [...cited]
    .filter(([rule]) => !defined.includes(rule))
    .map(([rule, file]) => `${file} cites ${rule}, which SPEC.md does not define`);
}

function missingWords() {
  const kinds = [...read("store-format/damage-kinds.ts").matchAll(/^ {2}([a-z0-9_]+): kind\(/gm)];
  const codes = [...read("store-format/errors.ts").matchAll(/^ {2}"([A-Z_]+)",$/gm)];
  if (kinds.length === 0 || codes.length === 0)
    return ["the lists of damage kinds and error codes were not found"];
  return [...kinds, ...codes]
    .map((match) => match[1])
    .filter((word) => !page.includes(`\n| \`${word}\` |`))
    .map((word) => `SPEC.md has no row for ${word}`);
}

/** Rule -> a test file that cites it, in whatever line: titles run over lines. */
function citations(directory) {
  const found = new Map();
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".test.ts")) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    for (const [rule] of readFileSync(path, "utf8").matchAll(RULE)) found.set(rule, path.slice(root.length));
  }
  return found;
}
