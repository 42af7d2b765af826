/** Which parts of a run are recorded: what the workspace's config wants, less what the command line leaves out. */
import { type CaptureParts, snapshotLimitsOf } from "../../core/capture/capture.js";
import type { SnapshotLimits } from "../../core/git/snapshot/snapshot.js";
import type { CapturePolicy } from "../../store-format/index.js";
import type { RunArguments } from "../commands/run.js";

export interface RecordedParts {
  readonly capture: CaptureParts;
  readonly snapshotLimits: SnapshotLimits;
  /** stdout and stderr of the command, and the lines in them. */
  readonly console: boolean;
  readonly systemMetrics: boolean;
}

export function recordedParts(args: RunArguments, policy: CapturePolicy): RecordedParts {
  const left = new Set<string>(args["no-capture"]);
  return {
    capture: {
      git: policy.git && !left.has("git"),
      patch: policy.patch && !left.has("patch"),
      snapshot: policy.snapshot && !left.has("snapshot") && !args["no-snapshot"],
      environment: policy.environment && !left.has("environment"),
      command: !left.has("command"),
      packages: policy.packages && !left.has("packages"),
      gpu: policy.environment && !left.has("gpu"),
    },
    snapshotLimits: snapshotLimitsOf(policy),
    console: policy.console && !args["no-capture-console"] && args.tty !== "inherit",
    systemMetrics: !args["no-system-metrics"] && (policy.systemMetrics || args["system-metrics"]),
  };
}
