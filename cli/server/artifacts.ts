import type { RestStore } from "../../sync/rest/index.js";
import type { CatArguments, DownloadArguments, ListArguments } from "../commands/artifacts.js";
import {
  downloadArtifact,
  type NamedArtifact,
  printArtifact,
  printArtifacts,
  wordsOf,
} from "../commands/artifacts.run.js";
import type { CommandContext } from "../context.js";
import { findRun } from "./find.js";
import { withServer } from "./open-server.js";

async function named(store: RestStore, args: Parameters<typeof wordsOf>[0]): Promise<NamedArtifact> {
  const { run, path } = wordsOf(args);
  return { artifacts: store.artifacts, runId: (await findRun(store, run)).info.runId, path };
}

export async function runList(context: CommandContext, args: ListArguments): Promise<void> {
  await withServer(context, async (store) => {
    const { runId, path } = await named(store, args);
    const entries = await store.artifacts.list({ runId }, path, { recursive: args.recursive });
    await printArtifacts(
      context,
      args,
      entries.map((entry) => ({ ...entry, absent: false })),
    );
  });
}

export async function runDownload(context: CommandContext, args: DownloadArguments): Promise<void> {
  await withServer(context, async (store) => downloadArtifact(context, args, await named(store, args)));
}

export async function runCat(context: CommandContext, args: CatArguments): Promise<void> {
  await withServer(context, async (store) => printArtifact(context, args, await named(store, args)));
}
