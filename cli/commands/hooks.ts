import { type ArgumentsOf, type Command, defineCommand, type Positionals } from "../command.js";

const runPositionals = {
  name: { required: true, describe: "post-checkout, post-merge, post-rewrite, pre-commit or pre-push" },
  args: { variadic: true, describe: "what Git gives the hook" },
} as const satisfies Positionals;
export type HookRunArguments = ArgumentsOf<Record<never, never>, typeof runPositionals>;

const load = () => import("./hooks.run.js");

const install = defineCommand({
  name: "install",
  describe: "Let this repository's hooks call Runstone",
  details:
    "Can be repeated. Hooks that are there stay and run after ours. With husky, or hooks kept in the work tree, the line goes into those files, to be committed. Hooks of the pre-commit tool are replaced by its next `pre-commit install`: repeat this then.",
  load: async () => (await load()).runInstall,
});

const remove = defineCommand({
  name: "remove",
  describe: "Take Runstone's lines out of the hooks again",
  load: async () => (await load()).runRemove,
});

const run = defineCommand({
  name: "run",
  describe: "Do what a hook does: what the installed hooks call",
  positionals: runPositionals,
  examples: [
    {
      line: 'runstone hooks run pre-commit -- "$@" </dev/null || exit $?',
      describe: "In a hook of your own",
    },
  ],
  load: async () => (await load()).runHook,
});

export const hooks: Command = defineCommand({
  name: "hooks",
  describe: "Let Git's hooks mend, seal and check the runs that it carries",
  subcommands: [install, remove, run],
  examples: [
    { line: "runstone hooks install", describe: "Once in each clone" },
    { line: "runstone hooks", describe: "Which are installed" },
  ],
  details: [
    "After a checkout, merge or rebase: empty directories that Git does not keep are made again, a merge is checked against the seals of both sides, the index of runs is brought up to date.",
    "Before a commit: runs with staged files are sealed, what the seal changed is staged along, and a run that has not ended, a secret or a large file stops the commit. Before a push: you are told of runs that no remote has.",
    "In a clone without Runstone's program the hooks do nothing.",
  ].join(" "),
  load: async () => (await load()).runList,
});
