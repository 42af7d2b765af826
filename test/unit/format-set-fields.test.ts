/** Single fields of a YAML file are set, and everything else in it stays. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseGeneralYaml } from "../../core/store/read/general-yaml.js";
import {
  decodeUtf8,
  encodeUtf8,
  isRunstoneError,
  parseYamlFile,
  serializeYamlMap,
  setYamlFields,
} from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";

const OPTIONS = { what: "meta.yaml", general: parseGeneralYaml };

function set(text: string, fields: Parameters<typeof setYamlFields>[1]): string {
  return decodeUtf8(setYamlFields(encodeUtf8(text), fields, OPTIONS)) ?? "";
}

test("a line is replaced, with those that continue it", () => {
  const text = "a: x\nlocation: file:///a long\n  folded one\n# no comment\nname: 'it''s'\n";
  assert.equal(set(text, { location: "./b" }), "a: x\nlocation: ./b\n# no comment\nname: 'it''s'\n");
});

test("a new field stands before the first of a later name, also after a last line without an end", () => {
  assert.equal(set("a: 1\nz: 2", { m: "x" }), "a: 1\nm: x\nz: 2");
  assert.equal(set("a: 1", { m: "x" }), "a: 1\nm: x\n");
});

test("what is not written line by line is written anew as a whole", () => {
  assert.equal(set("{a: 1, b: 'yes'}\n", { b: "no" }), "a: 1\nb: 'no'\n");
  assert.equal(set('"b": 1\n', { b: null }), "b: null\n");
});

test("line ends become LF", () => {
  assert.equal(set("a: 1\r\nb: 2\r\n", {}), "a: 1\nb: 2\n");
});

test("a file that cannot be read is DAMAGED", () => {
  for (const text of ["", "a: [\n", "no map"])
    assert.throws(
      () => set(text, { a: 1 }),
      (error) => isRunstoneError(error, "DAMAGED"),
    );
});

test("other fields keep their values, whatever they are", () => {
  const value = fc.oneof(fc.string({ unit: "grapheme" }), fc.integer(), fc.constant(null), fc.boolean());
  const name = fc.stringMatching(/^[a-z_]{1,12}$/);
  fc.assert(
    fc.property(fc.dictionary(name, value), name, fc.string({ unit: "grapheme" }), (map, field, text) => {
      const before = serializeYamlMap(map);
      fc.pre(Object.keys(map).length > 0);
      const after = set(before, { [field]: text });
      const wanted = parseYamlFile(
        encodeUtf8(serializeYamlMap({ ...map, [field]: text })),
        "wanted",
        OPTIONS,
      );
      const found = parseYamlFile(encodeUtf8(after), "found", OPTIONS);
      assert.deepEqual(new Map([...found].sort()), new Map([...wanted].sort()));
    }),
  );
});
