/** `adopt` of stores with random damage: it reads equal before and after, the plan is what is done, and once is enough. */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { type AdoptReport, adopt } from "../../core/adopt/index.js";
import { listRunLocations, openFileStore } from "../../core/index.js";
import { isRunstoneError, type RunDigestEntry } from "../../store-format/index.js";
import { digestEntry, digestOf } from "../corpus/digest.js";
import { writeDamagedStore } from "../helpers/damaged-store.js";
import fc from "../helpers/fast-check.js";
import { fileTree } from "../helpers/file-tree.js";
import { writePlainStore } from "../helpers/plain-store.js";

type Damage = (path: string) => void;

/** What befalls files. None of it leaves conflict marks around values: settling those changes what is read. */
const TO_FILES: Readonly<Record<string, Damage>> = {
  remove: (path) => rmSync(path),
  empty: (path) => writeFileSync(path, ""),
  cut: (path) =>
    writeFileSync(path, readFileSync(path).subarray(0, Math.floor(readFileSync(path).length / 2))),
  convert: (path) => writeFileSync(path, readFileSync(path, "latin1").replaceAll("\n", "\r\n"), "latin1"),
  blankLine: (path) => writeFileSync(path, readFileSync(path, "latin1").replace("\n", "\n\n"), "latin1"),
  garbage: (path) =>
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from([0xff, 0xfe, 0x0a, 0x00])])),
  comment: (path) => writeFileSync(path, `# a note\n${readFileSync(path, "latin1")}`, "latin1"),
  link: (path) => {
    renameSync(path, `${path}.target`);
    symlinkSync(`${path}.target`, path);
  },
};

const TO_DIRECTORIES: Readonly<Record<string, Damage>> = {
  removeAll: (path) => rmSync(path, { recursive: true }),
  placeholder: (path) => writeFileSync(join(path, ".gitkeep"), ""),
  finder: (path) => writeFileSync(join(path, ".DS_Store"), "\0\u0001Bud1"),
  backup: (path) => writeFileSync(join(path, "lr~"), "0.1"),
  notebook: (path) => mkdirSync(join(path, ".ipynb_checkpoints")),
  copy: (path) => renameSync(path, `${path} (1)`),
  file: (path) => {
    rmSync(path, { recursive: true });
    writeFileSync(path, "a file");
  },
};

const arbitraryDamage = fc.record({
  what: fc.constantFrom(...Object.keys(TO_FILES), ...Object.keys(TO_DIRECTORIES)),
  /** Of all files or directories, in their order. */
  where: fc.double({ min: 0, max: 0.999, noNaN: true }),
});

function inflict(root: string, { what, where }: { readonly what: string; readonly where: number }): void {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const toFiles = Object.hasOwn(TO_FILES, what);
  const paths = entries
    .filter((entry) => (toFiles ? entry.isFile() : entry.isDirectory()))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const path = paths[Math.floor(where * paths.length)];
  const damage = TO_FILES[what] ?? TO_DIRECTORIES[what];
  if (path !== undefined && existsSync(dirname(path))) damage?.(path);
}

/** What Runstone reads of every run that it can read, but for values between conflict marks. */
function valuesIn(root: string): string {
  const entries: RunDigestEntry[] = [];
  for (const location of listRunLocations({ root, workspace: null })) {
    if (location.runId.startsWith("b1")) continue;
    try {
      entries.push(digestEntry(location, () => undefined));
    } catch (error) {
      if (!isRunstoneError(error)) throw error;
    }
  }
  return digestOf(entries);
}

const told = (items: readonly object[]): string[] => items.map((item) => JSON.stringify(item)).sort();

/** What looks like a second copy depends on what stands beside it. */
const leftIn = ({ leftAlone }: AdoptReport): string[] =>
  told(leftAlone.filter(({ reason }) => !reason.startsWith("looks like a second copy")));

test("any damage", () => {
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), "runstone-adopt-property-")));
  fc.assert(
    fc.property(fc.boolean(), fc.array(arbitraryDamage, { maxLength: 6 }), (isDamaged, damages) => {
      const project = mkdtempSync(join(scratch, "store-"));
      const root = isDamaged
        ? writeDamagedStore(project)
        : writePlainStore(project, [
            {
              id: "aaaa",
              params: { lr: "0.1" },
              tags: { team: "a\nb" },
              metrics: { loss: [3, 2], "val/f1": [0.5] },
            },
            { id: "bbbb", metrics: { loss: [1] }, artifacts: { "plot/a.txt": "x" } },
          ]);
      for (const damage of damages) inflict(root, damage);
      const run = (apply: boolean): AdoptReport =>
        adopt(openFileStore({ cwd: project, path: root }).context, { apply, take: undefined });
      const values = valuesIn(root);
      const files = fileTree(project);
      const plan = run(false);
      assert.deepEqual(fileTree(project), files);
      const done = run(true);
      assert.equal(valuesIn(root), values);
      // What fails, such as a file in the place of experiment 0, is known when it is tried.
      if (done.failures.length === 0) {
        assert.deepEqual(told(done.changes), told(plan.changes));
        assert.deepEqual(leftIn(done), leftIn(plan));
        const after = fileTree(project);
        assert.deepEqual(run(true).changes, []);
        assert.deepEqual(fileTree(project), after);
      }
      rmSync(project, { recursive: true });
    }),
    { numRuns: process.env.RUNSTONE_TIER === "full" ? 2_000 : 25 },
  );
  rmSync(scratch, { recursive: true });
});
