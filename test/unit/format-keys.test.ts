import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import {
  checkAlias,
  checkArtifactPath,
  checkExperimentName,
  checkKey,
  checkLoggedModelName,
  checkModelName,
  datasetIdPreimage,
  decodeText,
  encodeText,
  experimentIdFromHash,
  experimentIdPreimage,
  findKeyClashes,
  hexId,
  inputIdPreimage,
  isContainedPath,
  isExperimentId,
  isModelId,
  isReadableKey,
  isRunId,
  isRunstoneError,
  isStrayEntry,
  keysClash,
  keyToPath,
  pathToKey,
  runNameFrom,
  windowsProblem,
} from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";
import { sha256, utf8 } from "./format-support.js";

function accepts(check: (text: string) => void, texts: readonly string[]): void {
  for (const text of texts) assert.doesNotThrow(() => check(text), JSON.stringify(text));
}

function refuses(check: (text: string) => void, texts: readonly string[]): void {
  for (const text of texts) {
    assert.throws(
      () => check(text),
      (error) => isRunstoneError(error, "INVALID_PARAMETER_VALUE") && error.hint !== undefined,
      JSON.stringify(text),
    );
  }
}

const metric = (key: string): void => checkKey(key, "metric");

describe("keys", () => {
  test("MLflow's rule, with letters of any script", () => {
    accepts(metric, [
      "loss",
      "train/loss",
      ".hidden",
      "a/..b",
      "a b",
      "mAP_.5-.95",
      "a:b",
      "été",
      "日本/精度",
      "x²",
      "Ⅷ",
      "loss/aux",
      "a.",
    ]);
    refuses(metric, [
      "",
      "a//b",
      "./a",
      "a/",
      "../a",
      "...",
      "a/../b",
      "/a",
      "a+b",
      "a@b",
      "a\\b",
      "a\n",
      "a\tb",
      "e\u0301",
      "a\0",
      "😀",
      ".",
      "..",
      "..a",
    ]);
  });

  test("what would be lost or could not be kept is refused on write", () => {
    refuses(metric, [
      "k".repeat(251),
      `a/${"é".repeat(128)}`,
      " ",
      "a/ ",
      ".git",
      "a/.GIT/b",
      ".gitkeep",
      "a/.DS_Store",
      "x.tmp",
      "x.bak",
      "._a",
      ".ipynb_checkpoints/a",
    ]);
    accepts(metric, ["k".repeat(250), `a/${"é".repeat(127)}`, "tmp", ".gitx"]);
  });

  test("every key that may be written is read again as itself", () => {
    const key = fc.string({ unit: fc.constantFrom(..."aZ09_./- :é日~#\n\0".split("")), maxLength: 12 });
    fc.assert(
      fc.property(fc.oneof(key, fc.string({ unit: "binary" })), (text) => {
        try {
          metric(text);
        } catch (error) {
          assert.ok(isRunstoneError(error, "INVALID_PARAMETER_VALUE"));
          return;
        }
        assert.ok(isReadableKey(text) && !isStrayEntry(text));
        assert.ok(isContainedPath(`metrics/${keyToPath(text)}`));
        assert.equal(pathToKey(keyToPath(text)), text);
      }),
      { numRuns: 2000 },
    );
  });

  test("stray files are told by name alone", () => {
    for (const path of [
      ".gitkeep",
      "a/.keep",
      ".gitignore",
      ".gitattributes",
      ".DS_Store",
      "._x",
      "Thumbs.db",
      "desktop.ini",
      "loss~",
      "a.swp",
      "a.orig",
      "a.rej",
      "a.tmp",
      "a.bak",
      ".ipynb_checkpoints/loss",
    ]) {
      assert.equal(isStrayEntry(path), true, path);
    }
    for (const path of ["loss", "gitkeep", "a/b", "tmp", ".hidden", "bak.x"])
      assert.equal(isStrayEntry(path), false, path);
  });

  test("names that Windows cannot hold are known", () => {
    for (const path of [
      "aux",
      "loss/AUX",
      "con.txt",
      "com1",
      "a/lpt9.x.y",
      "nul ",
      "a:b",
      "a.",
      "a /b",
      "x?",
    ])
      assert.ok(windowsProblem(path), path);
    for (const path of ["auxiliary", "loss/aux_1", "com", "com10", "a.b", ".hidden"])
      assert.equal(windowsProblem(path), undefined, path);
  });

  test("clashes: file against directory, and twins", () => {
    assert.equal(keysClash("loss", "loss/train"), "path");
    assert.equal(keysClash("a/b/c", "a/b"), "path");
    assert.equal(keysClash("loss", "losses"), undefined);
    assert.equal(keysClash("loss", "loss"), undefined);
    assert.equal(keysClash("Loss", "loss"), "twin");
    assert.equal(keysClash("é", "e\u0301"), "twin");
    assert.equal(keysClash("Loss", "loss/train"), "twin");
    const pairs = findKeyClashes(["b", "Loss", "loss", "loss/train", "a/b", "a"]).map(
      ({ a, b }) => `${a}|${b}`,
    );
    assert.deepEqual(pairs.sort(), ["Loss|loss", "Loss|loss/train", "a|a/b"]);
  });
});

describe("names and ids", () => {
  test("experiments", () => {
    accepts(checkExperimentName, ["a", "résumé parser: v2", "x/y", "n".repeat(500), "😀".repeat(500)]);
    refuses(checkExperimentName, ["", "  ", "it's", "a\nb", "n".repeat(501), "\ud83d"]);
  });

  test("models and aliases", () => {
    accepts(checkModelName, ["parser", "my model.v2", "日本"]);
    refuses(checkModelName, ["", " ", "a/b", "a:b", "a\\b", "a%20", ".", "..", "x".repeat(256), "a\n"]);
    accepts(checkLoggedModelName, ["parser", "a b"]);
    refuses(checkLoggedModelName, ["", "a/b", "a:b", "a.b", "a%", 'a"', "a'"]);
    accepts(checkAlias, ["champion", "a-b_1", "v1a", "été"]);
    refuses(checkAlias, ["", "latest", "LATEST", "v1", "V22", "a b", "a\n", "a".repeat(256)]);
  });

  test("ids end where they end", () => {
    for (const [is, good, bad] of [
      [
        isRunId,
        ["7c1f0a9be24d4c53a8d6e0137f52b9ad", "a", "a_b-c"],
        ["", "a\n", "-a", "a/b", "..", "a.b", "tags", "models", "a".repeat(257)],
      ],
      [
        isExperimentId,
        ["0", "482913750264817359", "abc"],
        ["", "0\n", ".trash", "models", "a.trash", "a".repeat(65)],
      ],
      [isModelId, ["m-2b7e151628aed2a6abf7158809cf4f3c"], ["m-", "m-a\n", "x-1", "m-../x"]],
    ] as const) {
      for (const id of good) assert.equal(is(id), true, id);
      for (const id of bad) assert.equal(is(id), false, id);
    }
  });

  test("the experiment id of a name is the same everywhere", () => {
    const idOf = (name: string, probe: number) =>
      experimentIdFromHash(sha256(utf8(experimentIdPreimage(name, probe))));
    assert.equal(idOf("iris", 0), "650431945130507479");
    assert.equal(idOf("iris", 1), "338887027169991131");
    assert.equal(experimentIdFromHash("0".repeat(64)), "100000000000000000");
    fc.assert(
      fc.property(fc.string(), fc.nat({ max: 9 }), (name, probe) =>
        /^[1-9][0-9]{17}$/.test(idOf(name.replace(/\p{Surrogate}/gu, ""), probe)),
      ),
    );
  });

  test("MLflow's ids of datasets and inputs", () => {
    const md5 = (text: string) => createHash("md5").update(text).digest("hex");
    const dataset = md5(datasetIdPreimage("invoices-train", "5f2c81aa"));
    assert.equal(dataset, "ce0d77eb924d591ecabfd92e291d11a0");
    assert.equal(
      md5(inputIdPreimage(dataset, "7c1f0a9be24d4c53a8d6e0137f52b9ad")),
      "f3c7846729f0f0516af2c2ed020f9a71",
    );
  });

  test("run names have three parts and at most 20 characters", () => {
    fc.assert(
      fc.property(
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        (stream) => {
          const name = runNameFrom((max) => Math.floor(stream.next().value! * max));
          assert.match(name, /^[a-z]{2,}-[a-z]{2,}-(?:[0-9]{1,3}|1000)$/);
          assert.ok(name.length <= 20, name);
        },
      ),
      { numRuns: 3000 },
    );
    assert.equal(hexId(new Uint8Array([0, 1, 255])), "0001ff");
  });
});

describe("artifact paths", () => {
  test("relative paths that hold on every system are accepted, everything else is refused", () => {
    accepts(checkArtifactPath, [
      "model.pkl",
      "plots/roc curve.png",
      "é/日本.txt",
      "a.b/c-d_e",
      "100%.txt",
      "a~b",
      `${"a/".repeat(2000)}b`,
    ]);
    refuses(checkArtifactPath, [
      ...[
        "",
        "/etc/passwd",
        "../x",
        "a/../b",
        "a/./b",
        "a//b",
        "a/",
        "~/x",
        "a\\b",
        "C:/x",
        "a:b",
        "a%2e%2e/b",
        "%2Fx",
      ],
      ...[
        "a\0",
        "a\nb",
        "a/nul.txt",
        "CON",
        "a./b",
        "a ",
        "é".repeat(128),
        `${"a/".repeat(2050)}b`,
        ".artifact.uploading.x",
        "\ud83d",
      ],
    ]);
  });

  test("a path found in a store may be odd but never leads out", () => {
    for (const path of ["x/a:b", "~x", "a\nb", "nul", "a\\b", "a%2e%2e"])
      assert.equal(isContainedPath(path), true, path);
    for (const path of [
      "",
      "/a",
      "..",
      "a/..",
      "a\\..\\..\\b",
      "..\\a",
      "\\a",
      "C:a",
      "c:\\a",
      "a/./b",
      "a//b",
      "a\0",
    ]) {
      assert.equal(isContainedPath(path), false, path);
    }
  });
});

describe("values of params and tags", () => {
  test("any text comes back as it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        for (const whole of [text, `\ufeff${text}`, `${text}\r\n`])
          assert.deepEqual(decodeText(encodeText(whole)), { value: whole });
      }),
    );
    assert.throws(
      () => encodeText("a\ud83d"),
      (e) => isRunstoneError(e, "INVALID_PARAMETER_VALUE") && e.data.offset === 1,
    );
  });

  test("bytes that are no text are kept", () => {
    const bytes = new Uint8Array([0x61, 0xff, 0xfe]);
    assert.deepEqual(decodeText(bytes), { value: "a\ufffd\ufffd", bytes });
  });
});
