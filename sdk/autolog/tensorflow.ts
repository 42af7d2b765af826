/**
 * Autologging for TensorFlow.js: every `model.fit` and `model.fitDataset` logs its settings, the optimizer, one point per
 * metric and epoch while it trains, and the model's topology. The library is handed in, so that nothing is loaded for it.
 */
import type { ActiveRun } from "../active-run.js";
import { inRun } from "./autolog-function.js";
import { plainParams } from "./training-values.js";

interface FitSettings {
  readonly [key: string]: unknown;
  readonly callbacks?: unknown;
}

interface FittedModel {
  readonly name?: string;
  readonly loss?: unknown;
  readonly optimizer?: { getClassName?(): string; getConfig?(): unknown };
  countParams?(): number;
  toJSON?(unused: null, asText: boolean): unknown;
}

type Fit = (this: FittedModel, ...args: unknown[]) => Promise<unknown>;

/** What is needed of `@tensorflow/tfjs` or `@tensorflow/tfjs-layers`. */
export interface TensorflowLike {
  readonly LayersModel: { readonly prototype: object };
}

/** Switches it on; returns what switches it off. Calling it twice changes nothing. */
export function autologTensorflow(tf: TensorflowLike): () => void {
  const prototype = tf.LayersModel.prototype as Record<string, Fit>;
  const undo = [wrap(prototype, "fit", 2), wrap(prototype, "fitDataset", 1)];
  return () => {
    for (const step of undo) step();
  };
}

const wrapped = new WeakSet<Fit>();

function wrap(prototype: Record<string, Fit>, name: string, settingsAt: number): () => void {
  const original = prototype[name];
  if (original === undefined || wrapped.has(original)) return () => undefined;
  const logging: Fit = function (...args) {
    return inRun({ runName: this.name ?? "model" }, (run) =>
      fitLogged(run, this, original, args, settingsAt),
    );
  };
  wrapped.add(logging);
  prototype[name] = logging;
  return () => {
    prototype[name] = original;
  };
}

async function fitLogged(
  run: ActiveRun,
  model: FittedModel,
  fit: Fit,
  args: unknown[],
  settingsAt: number,
): Promise<unknown> {
  const settings = (args[settingsAt] ?? {}) as FitSettings;
  logSettings(run, model, settings);
  const seen = new Set<number>();
  const callbacks = withEpochLog(settings.callbacks, (epoch, values) => {
    seen.add(epoch);
    run.logMetrics(values, { step: epoch });
  });
  const call = [...args];
  call[settingsAt] = callbacks === undefined ? settings : { ...settings, callbacks };
  const history = await fit.apply(model, call);
  logEpochsNotSeen(run, history, seen);
  run.logDict(topologyOf(model), "model/topology.json");
  return history;
}

function logSettings(run: ActiveRun, model: FittedModel, settings: FitSettings): void {
  const { callbacks: _callbacks, validationData: _data, ...rest } = settings;
  run.logParams(plainParams(rest));
  const optimizer = {
    name: model.optimizer?.getClassName?.(),
    ...plainParams(model.optimizer?.getConfig?.()),
  };
  run.logParams(plainParams({ optimizer, loss: model.loss, parameters: model.countParams?.() }));
  run.setTag("mlflow.autologging", "tensorflow.js");
}

/** Our callback beside the user's; undefined where theirs are class instances, among which a plain one is not allowed. */
function withEpochLog(
  given: unknown,
  onEpoch: (epoch: number, values: Record<string, number>) => void,
): unknown {
  const theirs = given === undefined || given === null ? [] : Array.isArray(given) ? given : [given];
  const plain = theirs.every((callback) => Object.getPrototypeOf(callback) === Object.prototype);
  const onEpochEnd = (epoch: number, values: Readonly<Record<string, unknown>> = {}): void =>
    onEpoch(epoch, numbersOf(values));
  return plain ? [...theirs, { onEpochEnd }] : undefined;
}

function numbersOf(values: Readonly<Record<string, unknown>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
}

/** What no callback told is in the history that `fit` returns. */
function logEpochsNotSeen(run: ActiveRun, history: unknown, seen: ReadonlySet<number>): void {
  const found = (history as { history?: Readonly<Record<string, unknown>> } | null)?.history ?? {};
  for (const [key, values] of Object.entries(found))
    if (Array.isArray(values))
      for (const [epoch, value] of values.entries())
        if (!seen.has(epoch) && typeof value === "number") run.logMetric(key, value, epoch);
}

function topologyOf(model: FittedModel): unknown {
  return model.toJSON?.(null, false) ?? null;
}
