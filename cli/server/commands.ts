/** The commands that work on a server, each loaded when it is run. */
import type { Command, Implementation } from "../command.js";

type Load = () => Promise<Implementation<never>>;

/** By their full names. */
export const SERVER_COMMANDS: Readonly<Record<string, Load>> = {
  __proto__: null as never,
  runs: async () => (await import("./runs.js")).runRuns,
  "runs list": async () => (await import("./runs.js")).runRuns,
  best: async () => (await import("./runs.js")).runBest,
  show: async () => (await import("./show.js")).runShow,
  experiments: async () => (await import("./experiments.js")).runList,
  "experiments list": async () => (await import("./experiments.js")).runList,
  "experiments create": async () => (await import("./experiments.js")).runCreate,
  "experiments rename": async () => (await import("./experiments.js")).runRename,
  "experiments delete": async () => (await import("./experiments.js")).runDelete,
  "experiments restore": async () => (await import("./experiments.js")).runRestore,
  "experiments tag": async () => (await import("./experiments.js")).runTag,
  "artifacts list": async () => (await import("./artifacts.js")).runList,
  "artifacts download": async () => (await import("./artifacts.js")).runDownload,
  "artifacts cat": async () => (await import("./artifacts.js")).runCat,
  start: async () => (await import("./live-run.js")).runStart,
  end: async () => (await import("./live-run.js")).runEnd,
  "log metric": async () => (await import("./log.js")).runLogMetric,
  "log param": async () => (await import("./log.js")).runLogParam,
  "log tag": async () => (await import("./log.js")).runLogTag,
  "log artifact": async () => (await import("./log.js")).runLogArtifact,
  "log text": async () => (await import("./log.js")).runLogText,
  tag: async () => (await import("./change-runs.js")).runTag,
  rename: async () => (await import("./change-runs.js")).runRename,
  note: async () => (await import("./change-runs.js")).runNote,
  delete: async () => (await import("./change-runs.js")).runDelete,
  restore: async () => (await import("./change-runs.js")).runRestore,
};

/** The command with its way for servers; others are as they are, and say UNSUPPORTED when they open a store. */
export function onServer(command: Command, names: readonly string[]): Command {
  const load = SERVER_COMMANDS[names.join(" ")];
  return load === undefined ? command : { ...command, load };
}
