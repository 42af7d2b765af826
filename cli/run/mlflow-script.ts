/**
 * What a Python script says about MLflow, read off its text: MLflow refuses to resume a run of another experiment than
 * the script sets, or one that the script's own tracking server does not know. Either would end a training that runs
 * well without us.
 */
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import {
  type ChildEnvironment,
  fileStoreEnvironment,
  mlflowVariables,
  plainEnvironment,
} from "../../core/process/child-environment.js";
import { visible } from "../output/visible.js";

export interface MlflowScript {
  /** The one name given to `mlflow.set_experiment` as a literal. */
  readonly experiment: string | null;
  /** It calls `mlflow.set_tracking_uri`: what it logs goes elsewhere. */
  readonly ownTracking: boolean;
}

/** A script that says nothing. */
export const NO_MLFLOW: MlflowScript = { experiment: null, ownTracking: false };
const MAX_SCRIPT = 1 << 20;
const SET_EXPERIMENT =
  /^[ \t]*mlflow\.set_experiment\(\s*(?:experiment_name\s*=\s*)?(?:"([^"\\\n]{1,500})"|'([^'\\\n]{1,500})')/gm;
const SET_TRACKING_URI = /^[ \t]*mlflow\.set_tracking_uri\(/m;

/** Reads the script that a command line names, if it names one. */
export function readMlflowScript(commandLine: readonly string[], cwd: string): MlflowScript {
  const script = commandLine.find((word, index) => index <= MAX_WORDS && word.endsWith(".py"));
  const text = script === undefined ? null : readSmall(resolve(cwd, script));
  if (text === null || !text.includes("mlflow")) return NO_MLFLOW;
  const names = new Set([...text.matchAll(SET_EXPERIMENT)].map((found) => found[1] ?? found[2] ?? ""));
  const [experiment = null] = names.size === 1 ? names : [];
  return { experiment, ownTracking: SET_TRACKING_URI.test(text) };
}

/** `torchrun --nproc-per-node 4 train.py`: the script comes early. */
const MAX_WORDS = 10;

function readSmall(path: string): string | null {
  try {
    const stat = statSync(path);
    return stat.isFile() && stat.size <= MAX_SCRIPT ? readFileSync(path, "utf8") : null;
  } catch {
    return null;
  }
}

export interface MlflowLead {
  readonly environment: ChildEnvironment;
  /** Why the script does not log into this run, for people. */
  readonly notes: readonly string[];
}

/** How MLflow is led for a script, when the run is in the experiment of that name. */
export function leadMlflow(script: MlflowScript, experiment: string): MlflowLead {
  if (script.ownTracking) {
    return {
      environment: plainEnvironment,
      notes: ["the script sets its own MLflow tracking URI: what MLflow logs is not in this run"],
    };
  }
  if (script.experiment === null || script.experiment === experiment)
    return { environment: fileStoreEnvironment, notes: [] };
  const note = `the script sets the MLflow experiment ${visible(script.experiment)}: what MLflow logs is in a run of its own there`;
  return { environment: sameStoreEnvironment, notes: [note] };
}

/** MLflow logs to the same store, into runs of its own. */
const sameStoreEnvironment: ChildEnvironment = (own, run) => {
  const { MLFLOW_TRACKING_URI, MLFLOW_ALLOW_FILE_STORE } = mlflowVariables(run);
  return { ...plainEnvironment(own, run), MLFLOW_TRACKING_URI, MLFLOW_ALLOW_FILE_STORE };
};
