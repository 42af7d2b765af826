/** What a child of `runstone run` finds in its environment, so that whatever it logs with lands in its run. */
import { artifactLocation } from "../store/artifact-location.js";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The run a child belongs to. */
export interface ChildRun {
  readonly runId: string;
  readonly experimentId: string;
  /** Absolute path of the store's root. */
  readonly root: string;
}

/**
 * Builds the environment of a child from the one the user has. The default one leads MLflow to the file store; a
 * loopback endpoint will be another function of this type.
 */
export type ChildEnvironment = (own: Environment, run: ChildRun) => Environment;

/** Runstone's own variables, which `start/log/end`, the library and nested commands read. */
export function runstoneVariables(run: ChildRun): Environment {
  return { RUNSTONE_RUN_ID: run.runId, RUNSTONE_STORE: run.root };
}

/** MLflow's variables: its fluent API, autologging included, resumes this run in the file store. */
export function mlflowVariables(run: ChildRun): Environment {
  return {
    MLFLOW_TRACKING_URI: artifactLocation({ root: run.root, workspace: null }, "absolute"),
    MLFLOW_RUN_ID: run.runId,
    MLFLOW_EXPERIMENT_ID: run.experimentId,
    // MLflow 3.x refuses the file store without it.
    MLFLOW_ALLOW_FILE_STORE: "true",
    // A name would contradict the id.
    MLFLOW_EXPERIMENT_NAME: undefined,
  };
}

/** Leads MLflow to the file store, and Python to print at once (its output goes to a file, where it would wait). */
export const fileStoreEnvironment: ChildEnvironment = (own, run) =>
  defined({
    ...own,
    PYTHONUNBUFFERED: own.PYTHONUNBUFFERED ?? "1",
    ...runstoneVariables(run),
    ...mlflowVariables(run),
  });

/** As {@link fileStoreEnvironment}, but MLflow is left to what the user set; an outer run of ours is not what they set. */
export const plainEnvironment: ChildEnvironment = (own, run) =>
  defined({
    ...own,
    ...(own.MLFLOW_RUN_ID === own.RUNSTONE_RUN_ID ? { MLFLOW_RUN_ID: undefined } : {}),
    PYTHONUNBUFFERED: own.PYTHONUNBUFFERED ?? "1",
    ...runstoneVariables(run),
  });

function defined(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined));
}
