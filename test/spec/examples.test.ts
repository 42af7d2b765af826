/** The examples, ids and tables of SPEC.md, held against the code: the page cannot drift. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { DAMAGE_KINDS, ERROR_CODES } from "../../store-format/index.js";
import { REPOSITORY, sha256, toPlain } from "../unit/format-support.js";
import { CODECS, DERIVATIONS } from "./codecs.js";
import { bytesOfDump, type Fence, fenceOf, fencesOf, PAGE, tableBehind } from "./page.js";

const FENCES = fencesOf(PAGE);
const isExample = ({ info }: Fence) => info.length >= 3 && (info[1] ?? "") in CODECS;

function bytesOf(fence: Fence): Uint8Array {
  return fence.info[0] === "hex" ? bytesOfDump(fence.text) : new TextEncoder().encode(fence.text);
}

function nameOf({ info }: Fence): string {
  return `${info[1]} ${info[2]}`;
}

describe("examples of SPEC.md", () => {
  const values = new Map(
    FENCES.filter(({ info }) => info[0] === "json").map((fence) => [nameOf(fence), fence]),
  );

  test("every file kind has one", () => {
    const found = new Set(FENCES.filter(isExample).map(({ info }) => info[1]));
    assert.deepEqual([...found].sort(), Object.keys(CODECS).sort());
  });

  for (const fence of FENCES.filter((found) => isExample(found) && found.info[0] !== "json")) {
    const name = nameOf(fence);
    test(`${name}: the bytes are read as the value, and written from it`, () => {
      const codec = CODECS[fence.info[1]!]!;
      const bytes = bytesOf(fence);
      const stated = values.get(name);
      assert.ok(stated !== undefined, `line ${fence.line}: no value is stated`);
      const value = codec.parse(bytes);
      assert.deepEqual(toPlain(value), JSON.parse(stated.text));
      if (fence.info[3] === "read-only") return;
      const written = codec.serialize?.(value as never);
      assert.ok(written !== undefined);
      assert.equal(Buffer.from(written).toString("utf8"), Buffer.from(bytes).toString("utf8"));
    });
  }

  test("every value has its bytes", () => {
    const names = FENCES.filter((fence) => isExample(fence) && fence.info[0] !== "json").map(nameOf);
    const stated = FENCES.filter((fence) => isExample(fence) && fence.info[0] === "json").map(nameOf);
    assert.deepEqual(stated.sort(), names.sort());
  });
});

describe("ids of SPEC.md", () => {
  for (const { info, text, line } of FENCES.filter(({ info }) => info[1] === "derive")) {
    test(`${info[2]} ${info[3]} is what its preimage gives (R-id-1, R-id-3, R-id-4, R-object-1, R-hash-1)`, () => {
      const stated = JSON.parse(text) as Record<string, unknown>;
      const derive = DERIVATIONS[info[2]!];
      assert.ok(derive !== undefined, `line ${line}: unknown derivation`);
      assert.deepEqual(derive(stated as never), stated);
    });
  }

  test("every derivation has an example", () => {
    const found = new Set(FENCES.filter(({ info }) => info[1] === "derive").map(({ info }) => info[2]));
    assert.deepEqual([...found].sort(), Object.keys(DERIVATIONS).sort());
  });

  test("the record digest is the hash of its preimage, and that of the manifest (R-record-1)", () => {
    const preimage = fenceOf(PAGE, "record-preimage", "nightly").text;
    const value = FENCES.find(({ info }) => info[0] === "json" && info[1] === "record-preimage");
    assert.deepEqual(JSON.parse(value?.text ?? ""), { sha256: sha256(Buffer.from(preimage)) });
    const manifest = fenceOf(PAGE, "manifest", "nightly").text;
    assert.match(manifest, new RegExp(`^record_digest: ${sha256(Buffer.from(preimage))}$`, "m"));
  });

  test("seal digest and check by the commands of 6.5 (R-manifest-2)", () => {
    const lines = fenceOf(PAGE, "manifest", "nightly").text.split("\n").slice(0, -1);
    const files = lines.filter((line) => line.startsWith('  "')).map((line) => `${line}\n`);
    assert.ok(lines.includes(`seal_digest: ${sha256(Buffer.from(files.join("")))}`));
    const body = `${lines.slice(0, -1).join("\n")}\n`;
    assert.equal(lines.at(-1), `check: ${sha256(Buffer.from(body))}`);
  });
});

describe("tables of SPEC.md", () => {
  test("damage kinds: the same kinds, severities, meanings and order as in the code (R-damage-1)", () => {
    const coded = Object.entries(DAMAGE_KINDS).map(([kind, { severity, description }]) => [
      `\`${kind}\``,
      severity,
      description,
    ]);
    assert.deepEqual(tableBehind(PAGE, "## 14. Damage kinds"), coded);
  });

  test("error codes: the same codes and order as in the code", () => {
    const codes = tableBehind(PAGE, "## 15. Error codes").map(([code]) => code);
    assert.deepEqual(
      codes,
      ERROR_CODES.map((code) => `\`${code}\``),
    );
  });

  test("kinds of vectors: the directories that there are", () => {
    const listed = /Kinds: ([^.]*)\./.exec(PAGE)?.[1] ?? "";
    const kinds = [...listed.matchAll(/`([a-z-]+)`/g)].map((match) => match[1]!);
    const entries = readdirSync(join(REPOSITORY, "test/vectors"), { withFileTypes: true });
    const directories = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    assert.deepEqual(
      kinds,
      directories.filter((name) => kinds.includes(name) || name in CODECS || name === "yaml").sort(),
    );
  });
});
