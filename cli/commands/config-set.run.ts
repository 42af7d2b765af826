/** `runstone config set`: the file is edited in place, its comments and order stay. */
import { join } from "node:path";
import { parseDocument } from "yaml";
import { assertNoLinks, replaceFile } from "../../core/fs/index.js";
import { parseGeneralYaml } from "../../core/store/read/general-yaml.js";
import { WORKSPACE_DIRECTORY } from "../../core/workspace/find-workspace.js";
import { assertWritableFormat, isRunstoneError, parseConfig } from "../../store-format/index.js";
import type { CommandContext } from "../context.js";
import { visible } from "../output/visible.js";
import { usageError } from "../parse/usage-error.js";
import type { SetArguments } from "./config.js";
import { knownKey, readSettings, type Setting, settingsOf } from "./config.run.js";

export async function runSet(context: CommandContext, { key, value }: SetArguments): Promise<void> {
  const { config, path, workspace, bytes } = readSettings(context);
  assertWritableFormat(config);
  const settings = settingsOf(config);
  const typed = typedValue(settings[knownKey(settings, key)]!, key, value);
  const document = parseDocument(Buffer.from(bytes).toString("utf8"), { version: "1.1" });
  document.setIn(key.split("."), typed);
  const changed = Buffer.from(document.toString({ lineWidth: 0 }));
  assertReadable(changed, key, value);
  assertNoLinks(workspace, [WORKSPACE_DIRECTORY]);
  replaceFile(path, changed, { temporaryIn: join(workspace, WORKSPACE_DIRECTORY), sync: true });
}

function typedValue(now: Setting, key: string, value: string): Setting {
  if (typeof now === "string") return value;
  if (typeof now === "number" && /^\d{1,15}$/.test(value)) return Number(value);
  if (typeof now === "boolean" && (value === "true" || value === "false")) return value === "true";
  throw usageError(
    `${key} cannot be '${visible(value)}'`,
    typeof now === "number" ? "Give a whole number" : "Give true or false",
  );
}

/** What is written must be read again: the file decides, not we. */
function assertReadable(changed: Uint8Array, key: string, value: string): void {
  try {
    parseConfig(changed, { general: parseGeneralYaml });
  } catch (error) {
    if (!isRunstoneError(error, "DAMAGED")) throw error;
    throw usageError(`${key} cannot be '${visible(value)}'`, String(error.data.reason ?? error.message));
  }
}
