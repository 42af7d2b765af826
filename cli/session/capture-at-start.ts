/** What `runstone start` records about the code and the machine, as the workspace's config wants it. */
import { type Capture, captureArtifacts, captureBefore, captureTags } from "../../core/capture/capture.js";
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
      environment: capture.environment,
      command: argv.length > 1,
    },
  });
}

export { captureTags };

/** The files of a capture, into a run that was just created. */
export function logCapture(writer: RunWriter, capture: Capture): void {
  for (const { path, text, encoding } of captureArtifacts(capture))
    writer.logArtifactBytes(path, Buffer.from(text, encoding));
}
