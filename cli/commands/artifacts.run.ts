import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Artifacts } from "../../core/interfaces.js";
import { mustFindRun } from "../../core/store/read/runs.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import type { CellValue } from "../output/cell.js";
import { formatBytes } from "../output/number.js";
import { printJsonObject } from "../output/print-json.js";
import { printRows } from "../output/print-rows.js";
import { artifactRecord } from "../output/records.js";
import type { RowColumn } from "../output/row-column.js";
import { visible, visibleText } from "../output/visible.js";
import { readFormat } from "../parse/format-options.js";
import { usageError } from "../parse/usage-error.js";
import { runIdOf } from "../run-words.js";
import { type ListedArtifact, withAbsentArtifacts } from "../store/absent-artifacts.js";
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
async function nameOf(
  context: CommandContext,
  opened: OpenStore,
  args: Named,
): Promise<{ readonly runId: string; readonly path: string }> {
  const { run, path } = wordsOf(args);
  return { runId: await runIdOf(context, opened, run), path };
}

export function wordsOf(args: Named): { readonly run: string; readonly path: string } {
  const words = [args["run-id"], args.run, args["artifact-path"] ?? args.path].filter(
    (word) => word !== undefined,
  );
  const [run, path] = words;
  if (run === undefined) throw usageError("missing RUN");
  if (words.length > 2) throw usageError(`unexpected argument '${words[2]}'`);
  return { run, path: (path ?? "").replace(/\/+$/, "") };
}

export async function runList(context: CommandContext, args: ListArguments): Promise<void> {
  const opened = openStore(context);
  const { runId, path } = await nameOf(context, opened, args);
  await printArtifacts(
    context,
    args,
    await listWithAbsent(opened, { runId, path, recursive: args.recursive }),
  );
}

export async function printArtifacts(
  context: CommandContext,
  args: ListArguments,
  entries: readonly ListedArtifact[],
): Promise<void> {
  await printRows(context, {
    columns: LIST_COLUMNS,
    rows: entries.map(listRow),
    records: entries.map((entry) => ({ ...artifactRecord(entry), absent: entry.absent })),
    format: readFormat(context, args),
    output: args.output,
    header: false,
  });
}

interface ListRequest {
  readonly runId: string;
  readonly path: string;
  readonly recursive: boolean;
}

/** Throws RESOURCE_DOES_NOT_EXIST for a path that neither the directory nor the seal knows. */
async function listWithAbsent(
  { store, context }: OpenStore,
  { runId, path, recursive }: ListRequest,
): Promise<readonly ListedArtifact[]> {
  const { directory } = mustFindRun(context, runId);
  try {
    const present = await store.artifacts.list({ runId }, path, { recursive });
    return withAbsentArtifacts(present, { directory, path, recursive });
  } catch (error) {
    if (!isRunstoneError(error, "RESOURCE_DOES_NOT_EXIST")) throw error;
    const absent = withAbsentArtifacts([], { directory, path, recursive });
    if (absent.length === 0) throw error;
    return absent;
  }
}

const LIST_COLUMNS: readonly RowColumn[] = [
  { key: "path", title: "PATH", type: "text", shrinkTo: 20 },
  { key: "is_dir", title: "DIRECTORY", type: "boolean", only: "programs" },
  { key: "file_size", title: "SIZE", type: "integer" },
  { key: "absent", title: "ABSENT", type: "boolean", align: "left" },
];

function listRow({ path, isDir, size, absent }: ListedArtifact): readonly CellValue[] {
  return [
    { value: path, text: isDir ? `${path}/` : path },
    isDir,
    size === null ? null : { value: size, text: formatBytes(size) },
    { value: absent, text: absent ? "absent" : "" },
  ];
}

export async function runDownload(context: CommandContext, args: DownloadArguments): Promise<void> {
  const opened = openStore(context);
  await downloadArtifact(context, args, {
    artifacts: opened.store.artifacts,
    ...(await nameOf(context, opened, args)),
  });
}

export interface NamedArtifact {
  readonly artifacts: Artifacts;
  readonly runId: string;
  readonly path: string;
}

export async function downloadArtifact(
  context: CommandContext,
  args: DownloadArguments,
  { artifacts, runId, path }: NamedArtifact,
): Promise<void> {
  const into = resolve(context.cwd, args.to ?? ".");
  const destination = path === "" ? into : join(into, basename(path));
  if (path !== "" && existsSync(destination) && args.to === undefined)
    throw new RunstoneError("RESOURCE_ALREADY_EXISTS", `${visible(destination)} exists`, {
      hint: "Move it away, or name a directory with --to; there it is overwritten.",
      data: { path: destination },
    });
  const written = await artifacts.download({ runId }, path, destination);
  if (context.json) printJsonObject(context, { path: written });
  else context.out.line(visible(written));
}

export async function runCat(context: CommandContext, args: CatArguments): Promise<void> {
  const opened = openStore(context);
  await printArtifact(context, args, {
    artifacts: opened.store.artifacts,
    ...(await nameOf(context, opened, args)),
  });
}

export async function printArtifact(
  context: CommandContext,
  args: CatArguments,
  { artifacts, runId, path }: NamedArtifact,
): Promise<void> {
  if (path === "") throw usageError("missing PATH");
  const escaping = context.out.isTerminal && !args.raw;
  const decoder = new TextDecoder();
  for await (const chunk of artifacts.read({ runId }, path)) {
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
