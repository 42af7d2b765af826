import { readBytes } from "../../core/fs/index.js";
import { parseGeneralYaml } from "../../core/store/read/general-yaml.js";
import { configPath, findWorkspace } from "../../core/workspace/find-workspace.js";
import { parseConfig, RunstoneError, type WorkspaceConfig } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { printJsonObject } from "../output/print-json.js";
import { visible } from "../output/visible.js";
import { nearest } from "../parse/nearest.js";
import { usageError } from "../parse/usage-error.js";
import type { GetArguments } from "./config.js";

export type Setting = string | number | boolean;

/** The settings under the names they have in the file. */
export function settingsOf(config: WorkspaceConfig): Readonly<Record<string, Setting>> {
  return {
    store: config.store,
    default_experiment: config.defaultExperiment,
    artifact_location: config.artifactLocation,
    durability: config.durability,
    "artifacts.git_max_bytes": config.artifacts.gitMaxBytes,
    "artifacts.object_copy_max_bytes": config.artifacts.objectCopyMaxBytes,
    "artifacts.hard_links": config.artifacts.hardLinks,
    "capture.git": config.capture.git,
    "capture.patch": config.capture.patch,
    "capture.snapshot": config.capture.snapshot,
    "capture.snapshot_max_file_bytes": config.capture.snapshotMaxFileBytes,
    "capture.snapshot_max_files": config.capture.snapshotMaxFiles,
    "capture.snapshot_max_bytes": config.capture.snapshotMaxBytes,
    "capture.environment": config.capture.environment,
    "capture.packages": config.capture.packages,
    "capture.system_metrics": config.capture.systemMetrics,
    "capture.console": config.capture.console,
  };
}

export async function runList(context: CommandContext): Promise<void> {
  const settings = settingsOf(readSettings(context).config);
  if (context.json) return printJsonObject(context, settings);
  for (const [key, value] of Object.entries(settings)) context.out.line(`${key}=${visible(String(value))}`);
}

export async function runGet(context: CommandContext, { key }: GetArguments): Promise<void> {
  const settings = settingsOf(readSettings(context).config);
  const value = settings[knownKey(settings, key)]!;
  if (context.json) return printJsonObject(context, { key, value });
  context.out.line(visible(String(value)));
}

export interface SettingsFile {
  readonly config: WorkspaceConfig;
  readonly workspace: string;
  readonly path: string;
  readonly bytes: Uint8Array;
}

export function readSettings({ cwd }: CommandContext): SettingsFile {
  const workspace = findWorkspace(cwd);
  if (workspace === null)
    throw new RunstoneError("NO_WORKSPACE", `no workspace in ${cwd} or above`, {
      hint: "Make one with: runstone init",
      data: { cwd },
    });
  const path = configPath(workspace);
  const bytes = readBytes(path);
  return { config: parseConfig(bytes, { general: parseGeneralYaml, path }), workspace, path, bytes };
}

export function knownKey(settings: Readonly<Record<string, Setting>>, key: string): string {
  if (Object.hasOwn(settings, key)) return key;
  const meant = nearest(key, Object.keys(settings));
  throw usageError(
    `there is no setting '${visible(key)}'`,
    meant === undefined ? "runstone config list shows them" : `Did you mean ${meant}?`,
  );
}
