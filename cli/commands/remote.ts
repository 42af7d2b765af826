import { type ArgumentsOf, type Command, defineCommand, type Options, type Positionals } from "../command.js";
import { jobsOption } from "./push-options.js";

const named = { name: { required: true, describe: "the remote's name" } } as const satisfies Positionals;
const perhapsNamed = {
  name: { describe: "the remote's name; default: the only one" },
} as const satisfies Positionals;

const settings = {
  prefix: {
    type: "string",
    value: "TEXT",
    describe: "Put this before the names of experiments there, such as ada/",
  },
  map: {
    type: "strings",
    value: "LOCAL=REMOTE",
    describe: "The experiment LOCAL here is REMOTE there; LOCAL= takes it back",
  },
  artifacts: {
    type: "string",
    choices: ["all", "on_demand", "none"],
    describe:
      "Of artifacts, on_demand pushes all and pulls what `runstone fetch` asks for, none leaves them out both ways",
    defaultText: "all",
  },
  receipts: {
    type: "string",
    choices: ["local", "committed"],
    describe: "Where proofs of what was synced are kept: with committed a copy lies in the run, for Git",
    defaultText: "local",
  },
  jobs: { ...jobsOption, defaultText: "4" },
  "insecure-tls": {
    type: "string",
    choices: ["yes", "no"],
    describe: "Take any certificate (kept for you alone, outside the workspace)",
    defaultText: "no",
  },
  "plain-http": {
    type: "string",
    choices: ["yes", "no"],
    describe: "Let passwords and tokens go over http: to other machines (kept for you alone)",
    defaultText: "no",
  },
} as const satisfies Options;

const addPositionals = {
  name: { required: true, describe: "what to call it here, such as lab or origin" },
  url: {
    required: true,
    describe: "an MLflow server (http://host:5000), a directory, ssh://host/path or host:path",
  },
} as const satisfies Positionals;
export type AddArguments = ArgumentsOf<typeof settings, typeof addPositionals>;

const setOptions = {
  url: { type: "string", value: "URL", describe: "Another address; you are logged out of the old one" },
  trust: { type: "boolean", describe: "Confirm the address that the workspace's config has now" },
  ...settings,
} as const satisfies Options;
export type SetArguments = ArgumentsOf<typeof setOptions, typeof named>;

const removeOptions = {
  "forget-state": {
    type: "boolean",
    describe: "Also forget what was synced with it, receipts included (those beside runs stay)",
  },
} as const satisfies Options;
export type RemoveArguments = ArgumentsOf<typeof removeOptions, typeof named>;

const renamePositionals = {
  name: { required: true, describe: "its name" },
  to: { required: true, describe: "its new name" },
} as const satisfies Positionals;
export type RenameArguments = ArgumentsOf<Record<never, never>, typeof renamePositionals>;
export type NamedArguments = ArgumentsOf<Record<never, never>, typeof perhapsNamed>;

const load = () => import("./remote.run.js");

const add = defineCommand({
  name: "add",
  describe: "Name a remote, and confirm its address",
  positionals: addPositionals,
  options: settings,
  examples: [
    { line: "runstone remote add lab http://mlflow.example.org:5000", describe: "An MLflow server" },
    { line: "runstone remote add usb /media/usb/lab", describe: "A directory" },
    { line: "runstone remote add box ssh://me@box.example.org/data/lab", describe: "Another machine" },
  ],
  load: async () => (await load()).runAdd,
});

const list = defineCommand({
  name: "list",
  describe: "List the remotes",
  load: async () => (await load()).runList,
});

const show = defineCommand({
  name: "show",
  describe: "Show a remote's settings",
  positionals: perhapsNamed,
  load: async () => (await load()).runShow,
});

const set = defineCommand({
  name: "set",
  describe: "Change a remote's settings, or confirm its address",
  positionals: named,
  options: setOptions,
  load: async () => (await load()).runSet,
});

const remove = defineCommand({
  name: "remove",
  aliases: ["delete"],
  describe: "Remove a remote and its credentials here; nothing happens there",
  positionals: named,
  options: removeOptions,
  load: async () => (await load()).runRemove,
});

const rename = defineCommand({
  name: "rename",
  describe: "Give a remote another name; what was synced and the login stay known",
  positionals: renamePositionals,
  load: async () => (await load()).runRename,
});

const test = defineCommand({
  name: "test",
  describe: "Look whether a remote can be reached and used; nothing is made there",
  positionals: perhapsNamed,
  load: async () => (await import("./remote-test.run.js")).runTest,
});

export const remote: Command = defineCommand({
  name: "remote",
  describe: "Name the places to sync with: MLflow servers, directories, other machines",
  subcommands: [add, list, show, set, remove, rename, test],
  examples: [
    { line: "runstone remote add lab http://mlflow.example.org:5000", describe: "Name one" },
    { line: "runstone remote test lab", describe: "See whether it works" },
  ],
  details:
    "Remotes are settings of the workspace (.runstone/config.yaml), which may be committed; passwords and tokens never are. A remote that came with a clone is spoken with only after you confirmed its address: runstone remote set NAME --trust",
  load: async () => (await load()).runList,
});
