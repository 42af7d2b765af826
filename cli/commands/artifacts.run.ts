import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { RunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { formatBytes } from "../output/number.js";
import { printJsonArray, printJsonObject } from "../output/print-json.js";
import { artifactRecord } from "../output/records.js";
import { renderTable } from "../output/table.js";
import { visible, visibleText } from "../output/visible.js";
import { usageError } from "../parse/usage-error.js";
import { findRunId } from "../store/find-run.js";
import { type OpenStore, openStore } from "../store/open-store.js";
import type { CatArguments, DownloadArguments, ListArguments, LogArguments } from "./artifacts.js";
import { runLogArtifact } from "./log-artifact.run.js";

interface Named {
  readonly "run-id": string | undefined;
  readonly "artifact-path": string | undefined;
  readonly run?: string | undefined;
  readonly path?: string | undefined;
}

/** Positionals, or MLflow's options; with --run-id the one positional is the path. */
function nameOf(opened: OpenStore, args: Named): { readonly runId: string; readonly path: string } {
  const words = [args["run-id"], args.run, args["artifact-path"] ?? args.path].filter(
    (word) => word !== undefined,
  );
  const [run, path] = words;
  if (run === undefined) throw usageError("missing RUN");
  if (words.length > 2) throw usageError(`unexpected argument '${words[2]}'`);
  return { runId: findRunId(opened, run), path: (path ?? "").replace(/\/+$/, "") };
}

export async function runList(context: CommandContext, args: ListArguments): Promise<void> {
  const opened = openStore(context);
  const { runId, path } = nameOf(opened, args);
  const entries = await opened.store.artifacts.list({ runId }, path, { recursive: args.recursive });
  if (context.json) return printJsonArray(context, entries.map(artifactRecord));
  const rows = entries.map(({ path: found, isDir, size }) => [
    visible(isDir ? `${found}/` : found),
    size === null ? "" : formatBytes(size),
  ]);
  const columns = [
    { title: "", shrinkTo: 20 },
    { title: "", align: "right" as const },
  ];
  for (const line of renderTable(columns, rows, { header: false, width: context.width }))
    context.out.line(line);
}

export async function runDownload(context: CommandContext, args: DownloadArguments): Promise<void> {
  const opened = openStore(context);
  const { runId, path } = nameOf(opened, args);
  const into = resolve(context.cwd, args.to ?? ".");
  const destination = path === "" ? into : join(into, basename(path));
  if (path !== "" && existsSync(destination) && args.to === undefined)
    throw new RunstoneError("RESOURCE_ALREADY_EXISTS", `${visible(destination)} exists`, {
      hint: "Move it away, or name a directory with --to; there it is overwritten.",
      data: { path: destination },
    });
  const written = await opened.store.artifacts.download({ runId }, path, destination);
  if (context.json) printJsonObject(context, { path: written });
  else context.out.line(visible(written));
}

export async function runCat(context: CommandContext, args: CatArguments): Promise<void> {
  const opened = openStore(context);
  const { runId, path } = nameOf(opened, args);
  if (path === "") throw usageError("missing PATH");
  const escaping = context.out.isTerminal && !args.raw;
  const decoder = new TextDecoder();
  for await (const chunk of opened.store.artifacts.read({ runId }, path)) {
    if (escaping) context.out.write(visibleText(decoder.decode(chunk, { stream: true })));
    else context.out.bytes(chunk);
  }
  if (escaping) context.out.write(visibleText(decoder.decode()));
}

export async function runLog(context: CommandContext, args: LogArguments): Promise<void> {
  const file = args["local-file"];
  if (file === undefined) throw usageError("missing --local-file FILE");
  await runLogArtifact(context, { files: [file], run: args["run-id"], to: args["artifact-path"] });
}
