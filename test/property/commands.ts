/** Random calls on a store and on its model. Each returns whether the store accepted it; the model says whether it should. */
import assert from "node:assert/strict";
import type { FileStore } from "../../core/index.js";
import { isRunstoneError, type Point } from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";
import type { Model, ModelExperiment, ModelRun } from "./model.js";

export interface Real {
  store: FileStore;
}

export interface Command {
  readonly text: string;
  run(model: Model, real: Real): Promise<void>;
}

const KEYS = ["loss", "val/loss", "val/acc", "a.b-c d", "ключ", "__proto__", "toString", "x".repeat(200)];
const NAMES = ["wine", "Wine", "résumé: v2", "42", "null", "yes", "a #b", " lead", "emoji 🍷", "x/y"];
const VALUES = ["", "0.1", "line\nline", "crlf\r\n", "'quoted'", "🍷", "\ufeffbom", "null", " ", "\t"];

const key = fc.constantFrom(...KEYS);
const value = fc.oneof(fc.constantFrom(...VALUES), fc.string({ unit: "grapheme", maxLength: 40 }));
const index = fc.nat({ max: 1000 });
const number = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, 5e-324, 1e21),
);
const step = fc.oneof(fc.integer({ min: -5, max: 50 }), fc.constantFrom(Number.MAX_SAFE_INTEGER, 2n ** 60n));

/** One of several things by a random index; undefined when there is none. */
function pick<T>(things: readonly T[], at: number): T | undefined {
  return things[at % Math.max(1, things.length)];
}

function command(text: string, run: (model: Model, real: Real) => Promise<void>): Command {
  return Object.assign({ text, run }, { [fc.toStringMethod]: () => text });
}

/** The call must fail with one of MLflow's codes for "not now"; anything else is a bug. */
async function refused(call: Promise<unknown>, ...codes: readonly string[]): Promise<void> {
  await assert.rejects(call, (error: unknown) => isRunstoneError(error) && codes.includes(error.code));
}

function anyExperiment(model: Model, at: number): ModelExperiment | undefined {
  return pick([...model.experiments.values()], at);
}

function anyRun(model: Model, at: number): ModelRun | undefined {
  return pick([...model.runs.values()], at);
}

/** Calls `then` with the run if it can be written, and proves the refusal if it cannot. */
async function onRun(
  model: Model,
  at: number,
  call: (run: ModelRun) => Promise<unknown>,
  then: (run: ModelRun) => void,
): Promise<void> {
  const run = anyRun(model, at);
  if (run === undefined) return;
  if (!model.isWritable(run)) return refused(call(run), "INVALID_STATE");
  await call(run);
  then(run);
}

const createExperiment = fc.constantFrom(...NAMES).map((name) =>
  command(`createExperiment ${JSON.stringify(name)}`, async (model, { store }) => {
    if (model.experimentNamed(name) !== undefined)
      return refused(store.createExperiment({ name }), "RESOURCE_ALREADY_EXISTS");
    const { experimentId } = await store.createExperiment({ name, tags: { made: "here" } });
    model.experiments.set(experimentId, {
      experimentId,
      name,
      deleted: false,
      tags: new Map([["made", "here"]]),
    });
  }),
);

const renameExperiment = fc.tuple(index, fc.constantFrom(...NAMES)).map(([at, name]) =>
  command(`renameExperiment #${at} ${JSON.stringify(name)}`, async (model, { store }) => {
    const experiment = anyExperiment(model, at);
    if (experiment === undefined || experiment.name === name) return;
    const call = store.renameExperiment(experiment.experimentId, name);
    if (experiment.deleted) return refused(call, "INVALID_STATE");
    if (model.experimentNamed(name) !== undefined) return refused(call, "RESOURCE_ALREADY_EXISTS");
    await call;
    experiment.name = name;
  }),
);

const toggleExperiment = index.map((at) =>
  command(`delete or restore experiment #${at}`, async (model, { store }) => {
    const experiment = anyExperiment(model, at);
    if (experiment === undefined) return;
    if (experiment.experimentId === "0")
      return refused(store.deleteExperiment("0"), "INVALID_PARAMETER_VALUE");
    const runs = model.runsIn(experiment.experimentId);
    if (experiment.deleted) await store.restoreExperiment(experiment.experimentId);
    else await store.deleteExperiment(experiment.experimentId);
    experiment.deleted = !experiment.deleted;
    // Runs that were deleted before stay deleted; see the note on restore in SPEC.md. Times within one millisecond tie.
    for (const run of runs) {
      const { info } = await store.getRun(run.runId);
      if (!experiment.deleted) run.deleted = run.deleted && info.lifecycleStage === "deleted";
      assert.equal(info.lifecycleStage, experiment.deleted || run.deleted ? "deleted" : "active");
    }
  }),
);

const createRun = fc
  .tuple(index, index, fc.boolean(), key, value)
  .map(([at, parentAt, nested, paramKey, text]) =>
    command(`createRun in #${at}${nested ? ` under #${parentAt}` : ""}`, async (model, { store }) => {
      const experiment = anyExperiment(model, at);
      if (experiment === undefined) return;
      const parent = nested ? anyRun(model, parentAt) : undefined;
      const call = store.createRun({
        experimentId: experiment.experimentId,
        params: Object.fromEntries([[paramKey, text]]),
        ...(parent === undefined ? {} : { parentRunId: parent.runId }),
      });
      if (experiment.deleted) return refused(call, "INVALID_STATE");
      const run = await call;
      model.runs.set(run.info.runId, {
        runId: run.info.runId,
        experimentId: experiment.experimentId,
        name: run.info.runName,
        status: "RUNNING",
        deleted: false,
        parent: parent?.runId ?? null,
        params: new Map([[paramKey, text]]),
        tags: new Map([
          ["mlflow.runName", run.info.runName],
          ...(parent === undefined ? [] : ([["mlflow.parentRunId", parent.runId]] as const)),
        ]),
        points: new Map(),
        artifacts: new Map(),
      });
    }),
  );

const logParam = fc.tuple(index, key, value).map(([at, name, text]) =>
  command(`logParam #${at} ${name}=${JSON.stringify(text)}`, async (model, { store }) => {
    const before = anyRun(model, at);
    const call = (run: ModelRun) => store.logBatch(run.runId, { params: Object.fromEntries([[name, text]]) });
    const known = before?.params.get(name);
    if (before !== undefined && model.isWritable(before) && known !== undefined && known !== text)
      return refused(call(before), "PARAM_CONFLICT");
    await onRun(model, at, call, (run) => run.params.set(name, text));
  }),
);

const logMetrics = fc
  .tuple(index, fc.array(fc.tuple(key, number, step, fc.nat()), { minLength: 1, maxLength: 6 }))
  .map(([at, points]) =>
    command(`logMetrics #${at} x${points.length}`, async (model, { store }) => {
      const metrics = points.map(([name, of, at, timestamp]) => ({
        key: name,
        value: of,
        step: at,
        timestamp,
      }));
      await onRun(
        model,
        at,
        (run) => store.logBatch(run.runId, { metrics }),
        (run) => {
          for (const { key: name, ...point } of metrics) push(run.points, name, point);
        },
      );
    }),
  );

function push(points: Map<string, Point[]>, name: string, point: Point): void {
  const of = points.get(name);
  if (of === undefined) points.set(name, [point]);
  else of.push(point);
}

/** Two writers at once, then closed: their points are all there. */
const twoWriters = fc.tuple(index, key, number, number).map(([at, name, a, b]) =>
  command(`two writers #${at}`, async (model, { store }) => {
    await onRun(
      model,
      at,
      async (run) => {
        const writers = [await store.openRun(run.runId), await store.openRun(run.runId)] as const;
        writers[0].logMetrics([{ key: name, value: a, step: 1, timestamp: 1 }]);
        writers[1].logMetrics([{ key: name, value: b, step: 2, timestamp: 2 }]);
        await writers[0].close();
        await writers[1].close();
      },
      (run) => {
        push(run.points, name, { value: a, step: 1, timestamp: 1 });
        push(run.points, name, { value: b, step: 2, timestamp: 2 });
      },
    );
  }),
);

const setTag = fc.tuple(index, key, value).map(([at, name, text]) =>
  command(`setTag #${at} ${name}`, async (model, { store }) => {
    await onRun(
      model,
      at,
      (run) => store.setTags(run.runId, Object.fromEntries([[name, text]])),
      (run) => run.tags.set(name, text),
    );
  }),
);

const deleteTag = fc.tuple(index, key).map(([at, name]) =>
  command(`deleteTag #${at} ${name}`, async (model, { store }) => {
    const run = anyRun(model, at);
    if (run === undefined) return;
    const call = store.deleteTag(run.runId, name);
    if (!model.isWritable(run)) return refused(call, "INVALID_STATE");
    if (!run.tags.delete(name)) return refused(call, "RESOURCE_DOES_NOT_EXIST");
    await call;
  }),
);

const logArtifact = fc
  .tuple(index, fc.constantFrom("a.txt", "deep/b.txt", "x y.bin"), value)
  .map(([at, path, text]) =>
    command(`logArtifact #${at} ${path}`, async (model, { store }) => {
      await onRun(
        model,
        at,
        async (run) => {
          const writer = await store.openRun(run.runId);
          writer.logArtifactBytes(path, Buffer.from(text, "utf8"));
          await writer.close();
        },
        (run) => run.artifacts.set(path, text),
      );
    }),
  );

const endRun = fc.tuple(index, fc.constantFrom("FINISHED", "FAILED", "KILLED")).map(([at, status]) =>
  command(`end #${at} ${status}`, async (model, { store }) => {
    await onRun(
      model,
      at,
      async (run) => (await store.openRun(run.runId)).end({ status: status as "FINISHED" }),
      (run) => {
        run.status = status;
      },
    );
  }),
);

const renameRun = fc.tuple(index, fc.constantFrom(...NAMES)).map(([at, name]) =>
  command(`rename run #${at}`, async (model, { store }) => {
    await onRun(
      model,
      at,
      (run) => store.updateRun(run.runId, { runName: name }),
      (run) => {
        run.name = name;
        run.tags.set("mlflow.runName", name);
      },
    );
  }),
);

const toggleRun = fc.tuple(index, fc.boolean()).map(([at, tree]) =>
  command(`delete or restore run #${at}${tree ? " with its tree" : ""}`, async (model, { store }) => {
    const run = anyRun(model, at);
    if (run === undefined || model.experiments.get(run.experimentId)?.deleted !== false) return;
    const all = tree ? [run, ...model.descendants(run.runId)] : [run];
    if (all.some((one) => model.experiments.get(one.experimentId)?.deleted !== false)) return;
    const deleted = !run.deleted;
    if (deleted) await store.deleteRun(run.runId, { tree });
    else await store.restoreRun(run.runId, { tree });
    for (const one of all) one.deleted = deleted;
  }),
);

const moveRun = fc.tuple(index, index).map(([at, to]) =>
  command(`move run #${at} to #${to}`, async (model, { store }) => {
    const experiment = anyExperiment(model, to);
    if (experiment === undefined || experiment.deleted) return;
    await onRun(
      model,
      at,
      (run) => store.moveRun(run.runId, experiment.experimentId),
      (run) => {
        run.experimentId = experiment.experimentId;
      },
    );
  }),
);

export const commands: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: createExperiment },
  { weight: 1, arbitrary: renameExperiment },
  { weight: 1, arbitrary: toggleExperiment },
  { weight: 4, arbitrary: createRun },
  { weight: 3, arbitrary: logParam },
  { weight: 5, arbitrary: logMetrics },
  { weight: 1, arbitrary: twoWriters },
  { weight: 2, arbitrary: setTag },
  { weight: 1, arbitrary: deleteTag },
  { weight: 2, arbitrary: logArtifact },
  { weight: 2, arbitrary: endRun },
  { weight: 1, arbitrary: renameRun },
  { weight: 2, arbitrary: toggleRun },
  { weight: 1, arbitrary: moveRun },
);
