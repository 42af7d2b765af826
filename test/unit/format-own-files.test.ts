/** Runstone's own files: settings, leases, manifests. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  assertWritableFormat,
  assertWritableLease,
  DEFAULT_CONFIG,
  isContainedPath,
  isRunstoneError,
  LEASE_FORMAT,
  LEASE_OWNERS,
  type Lease,
  type Manifest,
  type ManifestFile,
  parseConfig,
  parseLease,
  parseManifest,
  serializeConfig,
  serializeLease,
  serializeManifest,
  serializeManifestFiles,
} from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";
import { yamlText } from "./format-arbitraries.js";
import { generalYaml, sha256, utf8 } from "./format-support.js";

const damagedAt = (offset: number) => (error: unknown) =>
  isRunstoneError(error, "DAMAGED") &&
  (error.data.offset === offset || assert.fail(`${error.message}, not ${offset}`));

describe("config.yaml", () => {
  const config = (text: string) => parseConfig(utf8(text), { general: generalYaml });

  test("what is absent has its default", () => {
    const { source, ...settings } = config("format: 1\n");
    const { source: _, ...defaults } = DEFAULT_CONFIG;
    assert.deepEqual(settings, defaults);
    assert.equal(source.size, 1);
  });

  test("keys of other versions and remotes survive a rewrite, set values are kept", () => {
    const text =
      "# by hand\nformat: 1\nstore: runs/mlruns\ncapture:\n  patch: off\n  future: [a, 'yes']\nremotes:\n  origin: {url: 'https://x/', depth: 3}\nnew_thing:\n  x: ~\n  y: 1.50\n";
    const written = serializeConfig({ ...config(text), durability: "full" });
    assert.equal(
      written,
      "artifact_location: auto\nartifacts:\n  git_max_bytes: 1048576\n  hard_links: false\n  object_copy_max_bytes: 67108864\n" +
        "capture:\n  console: true\n  environment: true\n  future:\n  - a\n  - 'yes'\n  git: true\n  packages: true\n  patch: false\n  snapshot: true\n  snapshot_max_bytes: 104857600\n  snapshot_max_file_bytes: 10485760\n  snapshot_max_files: 1000\n  system_metrics: true\n" +
        "default_experiment: Default\ndurability: full\nformat: 1\nindex: auto\nnew_thing:\n  x: null\n  y: 1.50\nremotes:\n  origin:\n    depth: 3\n    url: https://x/\nstore: runs/mlruns\n",
    );
    assert.deepEqual(serializeConfig(config(written)), written);
    assert.equal(config(text).capture.patch, false);
    assert.equal(config(text).store, "runs/mlruns");
  });

  test("a newer format is read, not written", () => {
    const newer = config("format: 2\nstore: x\n");
    assert.equal(newer.store, "x");
    assert.throws(
      () => assertWritableFormat(newer),
      (e) => isRunstoneError(e, "FORMAT_TOO_NEW"),
    );
    assert.doesNotThrow(() => assertWritableFormat(DEFAULT_CONFIG));
  });

  test("a wrong setting is named", () => {
    const table: [string, string][] = [
      ["store: x\n", "format"],
      ["format: one\n", "format"],
      ["format: 1\nstore: []\n", "store"],
      ["format: 1\nstore: ''\n", "store"],
      ["format: 1\ndurability: slow\n", "durability"],
      ["format: 1\ncapture: off\n", "capture"],
      ["format: 1\ncapture:\n  git: maybe\n", "capture.git"],
      ["format: 1\nartifacts:\n  git_max_bytes: -1\n", "artifacts.git_max_bytes"],
      ["format: 1\nartifacts:\n  hard_links: 'true'\n", "artifacts.hard_links"],
    ];
    for (const [text, field] of table) {
      assert.throws(
        () => config(text),
        (e) => isRunstoneError(e, "DAMAGED") && e.data.field === field,
        text,
      );
    }
  });
});

describe("lease.yaml", () => {
  const lease: fc.Arbitrary<Lease> = fc
    .record(
      {
        format: fc.constant(LEASE_FORMAT),
        token: yamlText,
        host: yamlText,
        bootId: yamlText,
        pid: fc.nat(),
        pidStart: yamlText,
        pidNs: yamlText,
        startedTime: fc.nat(),
        command: yamlText,
        owner: fc.constantFrom(...LEASE_OWNERS),
        heartbeatMs: fc.nat(),
        slurmJobId: yamlText,
      },
      { noNullPrototype: true },
    )
    .map(({ slurmJobId, ...rest }) => (rest.owner === "slurm" ? { ...rest, slurmJobId } : rest));

  test("any lease written is the lease read", () => {
    fc.assert(
      fc.property(lease, (value) => assert.deepEqual(parseLease(utf8(serializeLease(value))), value)),
    );
  });

  test("a newer lease is read, not touched", () => {
    const newer = parseLease(utf8("pid: 5\nrunstone_lease: 2\ntoken: x\nowner: committee\n"));
    assert.equal(newer.owner, "process");
    assert.throws(
      () => assertWritableLease(newer),
      (e) => isRunstoneError(e, "FORMAT_TOO_NEW"),
    );
  });

  test("without token, pid or format it is damaged", () => {
    for (const text of [
      "pid: 5\nrunstone_lease: 1\n",
      "runstone_lease: 1\ntoken: x\n",
      "pid: 5\ntoken: x\n",
      "",
    ]) {
      assert.throws(
        () => parseLease(utf8(text)),
        (e) => isRunstoneError(e, "DAMAGED"),
        text,
      );
    }
  });
});

describe("manifest.yaml", () => {
  const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
  const path = fc.oneof(yamlText, fc.string({ unit: "grapheme" })).filter((text) => isContainedPath(text));
  const file = fc
    .record(
      {
        path,
        kind: fc.constantFrom("meta" as const, "param" as const, "metric" as const, "artifact" as const),
        sha256: hex,
        size: fc.maxSafeNat(),
        mtimeNs: fc.bigInt({ min: -(10n ** 19n), max: 10n ** 19n }),
        content: fc.constantFrom("object" as const, "home" as const, "none" as const),
      },
      { noNullPrototype: true },
    )
    .map(
      ({ content, ...rest }): ManifestFile =>
        rest.kind === "artifact" && rest.size % 4 > 0 ? { ...rest, content } : rest,
    );
  const manifest: fc.Arbitrary<Manifest> = fc.record(
    {
      sealedTime: fc.nat(),
      recordDigest: hex,
      complete: fc.boolean(),
      files: fc.uniqueArray(file, { selector: (f) => f.path, maxLength: 8 }),
    },
    { noNullPrototype: true },
  );
  const byBytes = (a: ManifestFile, b: ManifestFile) =>
    Buffer.compare(Buffer.from(a.path), Buffer.from(b.path));

  test("any manifest written is the manifest read, sorted by the bytes of its paths", () => {
    fc.assert(
      fc.property(manifest, (value) => {
        const { text, sealDigest } = serializeManifest(value, sha256);
        const expected = { ...value, files: [...value.files].sort(byBytes), sealDigest };
        assert.deepEqual(parseManifest(utf8(text), sha256), expected);
        assert.equal(sealDigest, sha256(utf8(serializeManifestFiles(value.files))));
      }),
    );
  });

  const one: ManifestFile = {
    path: "params/lr",
    kind: "param",
    sha256: "b".repeat(64),
    size: 5,
    mtimeNs: 7n,
  };
  const two: ManifestFile = { ...one, path: "tags/é", kind: "tag" };
  const value: Manifest = {
    sealedTime: 1748764800123,
    recordDigest: "a".repeat(64),
    complete: true,
    files: [one, two],
  };
  const { text } = serializeManifest(value, sha256);

  test("every changed, missing or added byte is noticed", () => {
    const bytes = utf8(text);
    for (let i = 0; i < bytes.length; i++) {
      const changed = bytes.slice();
      changed[i]! ^= 1;
      for (const broken of [
        changed,
        bytes.slice(0, i),
        Buffer.concat([bytes.slice(0, i), bytes.slice(i + 1)]),
      ]) {
        assert.throws(
          () => parseManifest(broken, sha256),
          (e) =>
            isRunstoneError(e, "FORMAT_TOO_NEW") ||
            (isRunstoneError(e, "DAMAGED") && Number.isInteger(e.data.offset)),
        );
      }
    }
    assert.throws(() => parseManifest(utf8(`${text}x: 1\n`), sha256), damagedAt(bytes.length));
  });

  test("the offset says where", () => {
    const firstFile = text.indexOf('  "params');
    const secondFile = text.indexOf('  "tags');
    const seal = utf8(text.slice(0, text.indexOf("seal_digest"))).length;
    const check = utf8(text.slice(0, text.indexOf("check:"))).length;
    const swapped = serializeManifestFiles([two]) + serializeManifestFiles([one]);
    const table: [string, number][] = [
      ["", 0],
      [text.replace("complete: true", "complete: yes"), text.indexOf("complete")],
      [text.replace("param bbb", "thing bbb"), firstFile],
      [text.replace(" 5 7\n", " 05 7\n"), firstFile],
      [text.replace(" 5 7\n", " 5 7 object\n"), firstFile],
      [text.replace("params/lr", "../lr"), firstFile],
      [text.replace("params/lr", "/params/lr"), firstFile],
      [text.replace("params/lr", "params\\u002flr"), firstFile],
      [
        text.replace(serializeManifestFiles([one, two]), swapped),
        firstFile + utf8(serializeManifestFiles([two])).length,
      ],
      [text.replace("tags/é", "tags/e"), seal - 1],
      [text.replace("tags/é", "params/lr"), secondFile],
      [text.replace("1748764800123", "1748764800124"), check],
      [text.replaceAll("\n", "\r\n"), 0],
    ];
    for (const [broken, offset] of table)
      assert.throws(() => parseManifest(utf8(broken), sha256), damagedAt(offset), broken);
  });

  test("a newer format is refused by name", () => {
    const newer = text.replace("runstone_manifest: 1", "runstone_manifest: 2");
    assert.throws(
      () => parseManifest(utf8(newer), sha256),
      (e) => isRunstoneError(e, "FORMAT_TOO_NEW"),
    );
  });

  test("a run without files has a manifest, too", () => {
    const empty = serializeManifest({ ...value, files: [] }, sha256);
    assert.deepEqual(parseManifest(utf8(empty.text), sha256).files, []);
    assert.equal(empty.sealDigest, sha256(new Uint8Array(0)));
  });
});
