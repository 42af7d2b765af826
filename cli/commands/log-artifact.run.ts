import { readdirSync, type Stats, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileError } from "../../core/fs/failures.js";
import type { RunWriter } from "../../core/interfaces.js";
import type { CommandContext } from "../context.js";
import { visible } from "../output/visible.js";
import { usageError } from "../parse/usage-error.js";
import { currentRunId } from "../run-words.js";
import { openPlace } from "../store/open-place.js";
import { openWriter } from "../store/open-writer.js";
import type { LogArtifactArguments, LogTextArguments } from "./log.js";

export async function runLogArtifact(context: CommandContext, args: LogArtifactArguments): Promise<void> {
  await withWriter(context, args.run, async (writer) => {
    for (const file of args.files) logPath(context, writer, resolve(context.cwd, file), args.to);
  });
}

export async function runLogText(context: CommandContext, args: LogTextArguments): Promise<void> {
  const text = args.text.length > 0 ? `${args.text.join(" ")}\n` : undefined;
  await withWriter(context, args.run, async (writer) => {
    writer.logArtifactBytes(args.path, text === undefined ? await readStdin() : Buffer.from(text));
  });
}

async function readStdin(): Promise<Uint8Array> {
  const { readAllBytes } = await import("../input/lines.js");
  return readAllBytes(process.stdin);
}

async function withWriter(
  context: CommandContext,
  run: string | undefined,
  use: (writer: RunWriter) => Promise<void>,
): Promise<void> {
  const place = openPlace(context);
  const writer = openWriter(place, await currentRunId(context, place, run));
  try {
    await use(writer);
  } finally {
    await writer.close();
  }
}

/** A file goes by its name, a directory as a tree of its name. */
export function logPath(context: CommandContext, writer: RunWriter, source: string, to = ""): void {
  const found = statOf(source);
  const path = joinArtifact(to.replace(/\/+$/, ""), basename(source));
  if (found.isDirectory()) logTree(context, writer, source, path);
  else if (found.isFile()) writer.logArtifactFile(source, path);
  else throw usageError(`${visible(source)} is neither a file nor a directory`);
}

function logTree(context: CommandContext, writer: RunWriter, directory: string, path: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const source = join(directory, entry.name);
    const target = joinArtifact(path, entry.name);
    if (entry.isDirectory()) logTree(context, writer, source, target);
    else if (entry.isFile()) writer.logArtifactFile(source, target);
    else context.err.line(`runstone: left out ${visible(source)}: no plain file`);
  }
}

function joinArtifact(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}

function statOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw usageError(`there is no file ${visible(path)}`);
    throw fileError(error, "read", path);
  }
}
