/** Bad input: a clear error with a code and a hint, nothing half-written. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createFileStore, type FileStore, fsck, openFileStore } from "../../core/index.js";
import { type ErrorCode, isRunstoneError, type Metric } from "../../store-format/index.js";

let place = "";
let store: FileStore;
let runId = "";

before(async () => {
  place = mkdtempSync(join(tmpdir(), "runstone-bad-"));
  store = createFileStore({ cwd: place, path: "mlruns" });
  runId = (await store.createRun({ experimentId: "0" })).info.runId;
});

after(() => rmSync(place, { recursive: true, force: true }));

/** Everything below the root but the claims that come and go. */
function tree(): string[] {
  return readdirSync(join(place, "mlruns"), { recursive: true })
    .map(String)
    .filter((path) => !/writers/.test(path))
    .sort();
}

/** The call fails with the code and a hint, and leaves the store as it was. */
async function refused(code: ErrorCode, call: () => Promise<unknown>): Promise<void> {
  const before = tree();
  await assert.rejects(call, (error: unknown) => {
    assert.ok(isRunstoneError(error, code), String(error));
    assert.ok((error.hint ?? "").length > 0, `no hint: ${error.message}`);
    return true;
  });
  assert.deepEqual(tree(), before);
}

const point = (more: Partial<Metric>): Metric => ({ key: "ok", value: 1, step: 0, timestamp: 1, ...more });

const KEYS = [
  "",
  ".",
  "..",
  "../../etc/passwd",
  "/etc/passwd",
  "a/../b",
  "a//b",
  "a/",
  "line\nfeed",
  "nul\0byte",
  "tab\t",
  "emoji🎉",
  "\ud800",
  "plus+",
  "x".repeat(251),
  `${"é".repeat(128)}`,
  ".gitkeep",
  "notes.txt~",
  ".git/config",
];

describe("bad keys", () => {
  for (const key of KEYS)
    test(`${JSON.stringify(key).slice(0, 40)} is no key of a metric, param or tag`, async () => {
      const params = Object.fromEntries([[key, "1"]]);
      await refused("INVALID_PARAMETER_VALUE", () =>
        store.logBatch(runId, { metrics: [point({}), point({ key })] }),
      );
      await refused("INVALID_PARAMETER_VALUE", () => store.logBatch(runId, { params }));
      await refused("INVALID_PARAMETER_VALUE", () => store.setTags(runId, params));
    });

  test("a key that continues another one is refused, whichever comes first", async () => {
    await store.logBatch(runId, {
      metrics: [point({ key: "loss" }), point({ key: "acc/train" })],
      params: { lr: "1", "opt/name": "a" },
      tags: { t: "1", "u/v": "1" },
    });
    for (const [first, second] of [
      ["loss/train", "acc"],
      ["lr/x", "opt"],
      ["t/x", "u"],
    ] as const)
      for (const key of [first, second]) {
        const params = Object.fromEntries([[key, "1"]]);
        if (key === "loss/train" || key === "acc")
          await refused("INVALID_PARAMETER_VALUE", () =>
            store.logBatch(runId, { metrics: [point({ key })] }),
          );
        else if (key.startsWith("lr") || key === "opt")
          await refused("INVALID_PARAMETER_VALUE", () => store.logBatch(runId, { params }));
        else await refused("INVALID_PARAMETER_VALUE", () => store.setTags(runId, params));
      }
  });
});

describe("bad values", () => {
  const BAD: readonly Partial<Metric>[] = [
    { step: 0.5 },
    { step: Number.NaN },
    { step: 2 ** 53 },
    { step: 2n ** 63n },
    { timestamp: -1 },
    { timestamp: 1.5 },
    { timestamp: Number.POSITIVE_INFINITY },
    { value: "1" as unknown as number },
    { value: null as unknown as number },
    { dataset: { name: "", digest: "x" } },
  ];
  for (const more of BAD)
    test(`a point with ${Object.keys(more)[0]} ${String(Object.values(more)[0])}`, async () => {
      await refused("INVALID_PARAMETER_VALUE", () =>
        store.logBatch(runId, { metrics: [point({}), point(more)] }),
      );
    });

  test("NaN, infinities, negative steps and huge integers are kept as they are", async () => {
    const metrics = [
      point({ key: "odd", value: Number.NaN, step: -3 }),
      point({ key: "odd", value: Number.NEGATIVE_INFINITY, step: -2 }),
      point({ key: "odd", value: -0, step: 2n ** 62n, timestamp: 2n ** 62n }),
    ];
    await store.logBatch(runId, { metrics });
    const found: Metric[] = [];
    for await (const one of store.getMetricHistory(runId, "odd")) found.push({ key: "odd", ...one });
    assert.deepEqual(found, metrics);
  });

  test("a param over 1 MiB, and one that is no text", async () => {
    await refused("INVALID_PARAMETER_VALUE", () =>
      store.logBatch(runId, { params: { big: "x".repeat(2 ** 20 + 1) } }),
    );
    await refused("INVALID_PARAMETER_VALUE", () => store.logBatch(runId, { params: { odd: "\ud800" } }));
    const params = { fits: "é".repeat(2 ** 19) };
    await store.logBatch(runId, { params });
    assert.equal((await store.getRun(runId)).params.fits, params.fits);
  });
});

describe("bad names, ids and paths", () => {
  for (const name of ["", " ", "it's", "x".repeat(501), "line\nfeed", "nul\0"])
    test(`the experiment name ${JSON.stringify(name).slice(0, 30)}`, () =>
      refused("INVALID_PARAMETER_VALUE", () => store.createExperiment({ name })));

  for (const id of ["", "..", "../x", "f".repeat(32), "nul\0", "a/b"])
    test(`the run id ${JSON.stringify(id)} is of no run`, () =>
      refused("RESOURCE_DOES_NOT_EXIST", () => store.getRun(id)));

  test("an unknown experiment, a deleted one, the default one", async () => {
    await refused("RESOURCE_DOES_NOT_EXIST", () => store.createRun({ experimentId: "123" }));
    await refused("RESOURCE_DOES_NOT_EXIST", () => store.createRun({ experimentId: "../0" }));
    const { experimentId } = await store.createExperiment({ name: "gone" });
    await store.deleteExperiment(experimentId);
    await refused("INVALID_STATE", () => store.createRun({ experimentId }));
    await refused("RESOURCE_ALREADY_EXISTS", () => store.createExperiment({ name: "gone" }));
    await refused("INVALID_PARAMETER_VALUE", () => store.deleteExperiment("0"));
  });

  for (const path of [
    "",
    "..",
    "../x",
    "/x",
    "a/../../x",
    "a\\b",
    "a//b",
    "a\0",
    "nul",
    "x.",
    "c:d",
    "~x",
    "%2e%2e/x",
  ])
    test(`the artifact path ${JSON.stringify(path)}`, async () => {
      const writer = await store.openRun(runId);
      try {
        await refused("INVALID_PARAMETER_VALUE", async () =>
          writer.logArtifactBytes(path, new Uint8Array(1)),
        );
      } finally {
        await writer.close();
      }
    });

  test("a store that is a file, absent, or below a file", async () => {
    writeFileSync(join(place, "file"), "x");
    mkdirSync(join(place, "empty"));
    for (const path of ["file", "absent", "file/mlruns"])
      await refused("NOT_A_STORE", async () => openFileStore({ cwd: place, path }));
    await refused("NO_WORKSPACE", async () => openFileStore({ cwd: join(place, "empty") }));
    for (const path of ["file", "file/mlruns"])
      await assert.rejects(async () => createFileStore({ cwd: place, path }), isRunstoneError);
  });
});

test("after all of it the store is sound", () => {
  const damages = fsck(store.context).damages.filter((damage) => damage.severity !== "note");
  assert.deepEqual(damages, []);
});
