import { type ArgumentsOf, type Command, defineCommand, type Positionals } from "../command.js";

const viewPositionals = {
  name: { required: true, describe: "the view's name" },
} as const satisfies Positionals;

export type ViewArguments = ArgumentsOf<Record<never, never>, typeof viewPositionals>;

const load = () => import("./views.run.js");

const list = defineCommand({
  name: "list",
  describe: "List the saved views",
  load: async () => (await load()).runList,
});

const show = defineCommand({
  name: "show",
  describe: "Show a saved view as a command line",
  positionals: viewPositionals,
  load: async () => (await load()).runShow,
});

const remove = defineCommand({
  name: "remove",
  aliases: ["delete"],
  describe: "Remove a saved view",
  positionals: viewPositionals,
  load: async () => (await load()).runRemove,
});

export const views: Command = defineCommand({
  name: "views",
  describe: "List, show and remove saved views of runs",
  examples: [
    {
      line: "runstone runs 'metrics.acc > 0.9' --order-by 'acc DESC' --save-view good",
      describe: "Save a view",
    },
    { line: "runstone runs --saved good", describe: "Use it" },
    { line: "runstone views show good", describe: "See what it does" },
  ],
  details:
    "A view is a file, .runstone/views/NAME.yaml. It is yours alone until you add it to Git: git add -f .runstone/views/NAME.yaml",
  subcommands: [list, show, remove],
  load: async () => (await load()).runList,
});
