/** A store as a few maps: what every sequence of calls must look like afterwards. No I/O. */
import { isLater, type Point } from "../../store-format/index.js";

export interface ModelRun {
  readonly runId: string;
  experimentId: string;
  name: string;
  status: string;
  deleted: boolean;
  readonly parent: string | null;
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  readonly points: Map<string, Point[]>;
  readonly artifacts: Map<string, string>;
}

export interface ModelExperiment {
  readonly experimentId: string;
  name: string;
  deleted: boolean;
  readonly tags: Map<string, string>;
}

export class Model {
  readonly experiments = new Map<string, ModelExperiment>();
  readonly runs = new Map<string, ModelRun>();

  experimentNamed(name: string): ModelExperiment | undefined {
    return [...this.experiments.values()].find((experiment) => experiment.name === name);
  }

  runsIn(experimentId: string): ModelRun[] {
    return [...this.runs.values()].filter((run) => run.experimentId === experimentId);
  }

  /** A run can be written when neither it nor its experiment is deleted. */
  isWritable(run: ModelRun): boolean {
    return !run.deleted && this.experiments.get(run.experimentId)?.deleted === false;
  }

  descendants(runId: string): ModelRun[] {
    const children = [...this.runs.values()].filter((run) => run.parent === runId);
    return children.flatMap((child) => [child, ...this.descendants(child.runId)]);
  }
}

export function latestOf(points: readonly Point[]): Point | undefined {
  return points.reduce<Point | undefined>(
    (latest, point) => (latest === undefined || isLater(point, latest) ? point : latest),
    undefined,
  );
}
