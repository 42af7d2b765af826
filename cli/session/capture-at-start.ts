/** What `runstone start` records about the code and the machine, as the workspace's config wants it. */
import {
  type Capture,
  captureArtifacts,
  captureBefore,
  captureTags,
  snapshotLimitsOf,
  withMissing,
} from "../../core/capture/capture.js";
import { keepCapturedSnapshot } from "../../core/git/snapshot/keep-of-run.js";
import type { RunWriter } from "../../core/interfaces.js";
import type { StoreContext } from "../../core/store/context.js";
import { readConfig } from "../../core/store/open-context.js";
import type { CommandContext } from "../context.js";
import { shellCommandLine } from "./shell.js";

/** Never rejects for a part that cannot be captured; what is missing is a tag of the run. */
export function captureAtStart(context: CommandContext, store: StoreContext): Promise<Capture> {
  const { capture } = readConfig(store.workspace);
  const argv = shellCommandLine();
  return captureBefore({
    cwd: context.cwd,
    env: context.env,
    argv,
    storePath: store.root,
    parts: {
      git: capture.git,
      patch: capture.patch,
      snapshot: capture.snapshot,
      environment: capture.environment,
      command: argv.length > 1,
    },
    snapshotLimits: snapshotLimitsOf(capture),
  });
}

export { captureTags };

/** The files of a capture, into a run that was just created, and the ref of its snapshot. */
export async function logCapture(
  writer: RunWriter,
  capture: Capture,
  env: CommandContext["env"],
): Promise<void> {
  const missing = await keepCapturedSnapshot(capture, { env, runId: writer.runId });
  if (missing !== null) writer.setTags(captureTags(withMissing(capture, missing)));
  for (const { path, text, encoding } of captureArtifacts(capture))
    writer.logArtifactBytes(path, Buffer.from(text, encoding));
}
