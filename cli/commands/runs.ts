import {
  type ArgumentsOf,
  type Command,
  defineCommand,
  implement,
  type Options,
  type Positionals,
} from "../command.js";
import { listRuns } from "./runs-list.js";

const runIdOptions = {
  "run-id": { type: "strings", value: "RUN", describe: "Name the run as an option" },
} as const satisfies Options;
const runPositionals = { run: { variadic: true, describe: "runs" } } as const satisfies Positionals;

export type MlflowRunArguments = ArgumentsOf<typeof runIdOptions, typeof runPositionals>;

const describeRun = defineCommand({
  name: "describe",
  describe: "Show a run as JSON, as mlflow runs describe does",
  hidden: true,
  options: runIdOptions,
  positionals: runPositionals,
  load: async () => (await import("./runs-mlflow.run.js")).runDescribe,
});

const remove = defineCommand({
  name: "delete",
  describe: "Delete runs",
  hidden: true,
  options: runIdOptions,
  positionals: runPositionals,
  load: async () => (await import("./runs-mlflow.run.js")).runDelete,
});

const restore = defineCommand({
  name: "restore",
  describe: "Restore runs",
  hidden: true,
  options: runIdOptions,
  positionals: runPositionals,
  load: async () => (await import("./runs-mlflow.run.js")).runRestore,
});

const list = implement(listRuns, async () => (await import("./runs.run.js")).runRuns);

export const runs: Command = {
  ...list,
  subcommands: [{ ...list, name: "list", aliases: ["search"], hidden: true }, describeRun, remove, restore],
};
