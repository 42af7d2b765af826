/** The name and purpose of every command: what the top-level help and the completion show. Imports nothing. */

export interface CommandName {
  readonly name: string;
  /** The same text as the command's own `describe`. */
  readonly describe: string;
}

export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly CommandName[];
}

export const COMMAND_GROUPS: readonly CommandGroup[] = [
  {
    title: "Record",
    commands: [
      { name: "init", describe: "Make a workspace here" },
      { name: "run", describe: "Run a command and record it" },
      { name: "start", describe: "Start a run and print its id, for shell scripts" },
      {
        name: "log",
        describe:
          "Log metrics, params, tags and artifacts to a run, or show the history of the code with its runs",
      },
      { name: "end", describe: "End a run and seal it" },
      { name: "resume", describe: "Make a run that ended or was lost run again, from this shell" },
    ],
  },
  {
    title: "Look",
    commands: [
      { name: "runs", describe: "List runs, the newest first" },
      { name: "views", describe: "List, show and remove saved views of runs" },
      { name: "show", describe: "Show one run: state, code, curves, params, tags, artifacts" },
      { name: "compare", describe: "Show what differs between runs: metrics, params, code, data, artifacts" },
      {
        name: "best",
        describe: "Find the run with the best value of a metric, and the step it was reached at",
      },
      { name: "blame", describe: "Show which run, of which commit, set each new best value of a metric" },
      { name: "checkout", describe: "Put the exact code of a run into a work tree of its own" },
      {
        name: "reproduce",
        describe: "Run the command of a run again on its code, and tell whether it came out the same",
      },
      {
        name: "diff",
        describe:
          "Show what differs between two runs, commits or the work tree: results, settings, data, code",
      },
      {
        name: "report",
        describe: "Report what changed between two revisions in runs and metrics, fit for a pull request",
      },
      { name: "plot", describe: "Plot metrics of runs, in the terminal or as SVG or PNG" },
      {
        name: "watch",
        describe: "Watch runs as they go: a live page on a terminal, a line an event elsewhere",
      },
      { name: "artifacts", describe: "List, copy and print artifacts of runs" },
      {
        name: "summary",
        describe: "Show each experiment's runs by state, and its last activity",
      },
      { name: "du", describe: "Show what runs and experiments take on disk" },
      {
        name: "export",
        describe: "Write runs, or every point of their metrics, as CSV, JSON lines or Parquet",
      },
      { name: "dump", describe: "Print the whole store as JSON lines" },
      { name: "models", describe: "Read the model registry" },
    ],
  },
  {
    title: "Change",
    commands: [
      { name: "experiments", describe: "List, create, rename, tag, delete and restore experiments" },
      { name: "tag", describe: "Set or remove tags of runs" },
      { name: "rename", describe: "Give runs another name" },
      { name: "note", describe: "Show or set the note of runs" },
      { name: "move", describe: "Move runs to another experiment" },
      { name: "delete", describe: "Delete runs or experiments; they can be restored until gc" },
      { name: "restore", describe: "Restore deleted runs or experiments" },
    ],
  },
  {
    title: "Share",
    commands: [
      {
        name: "commit",
        describe: "Commit the records of runs to Git, sealed, with the runs' ids in the message",
      },
      {
        name: "remote",
        describe: "Name the places to sync with: MLflow servers, directories, other machines",
      },
      { name: "login", describe: "Keep a password or token for a remote, for you alone" },
      { name: "logout", describe: "Forget the password or token for a remote" },
      { name: "push", describe: "Send what is new or changed here to a remote, and read it back" },
      { name: "pull", describe: "Bring what is new or changed at a remote, and merge it" },
      { name: "sync", describe: "Bring the runs of this store and of a remote together" },
      { name: "status", describe: "Tell what is new, changed or in conflict here, by remote" },
      {
        name: "fetch",
        describe: "Bring runs without artifacts, or the artifacts of runs that are here without them",
      },
      { name: "resolve", describe: "List and settle what two stores changed differently" },
      { name: "clone", describe: "Make a workspace with the runs of a remote" },
      { name: "serve", describe: "Answer a runstone at the other end of ssh" },
      { name: "verify", describe: "Read back what a remote holds and compare it with what is here" },
    ],
  },
  {
    title: "Keep in order",
    commands: [
      { name: "fsck", describe: "Check the store: read everything, hash every sealed file and object" },
      {
        name: "adopt",
        describe: "Take over an mlruns directory that was committed by hand: list what it needs, then do it",
      },
      { name: "prune", describe: "Free artifacts here that a remote was just seen to hold" },
      { name: "gc", describe: "Remove what nothing needs any more" },
      { name: "snapshots", describe: "List, send, bring and prune the code of runs, kept as commits in Git" },
      { name: "hooks", describe: "Let Git's hooks mend, seal and check the runs that it carries" },
      { name: "refresh", describe: "Bring the search index up to date by looking at every file" },
      { name: "config", describe: "Read and change the workspace's settings" },
      { name: "doctor", describe: "Check what Runstone finds here: disk, Git, Python, store" },
      { name: "completion", describe: "Print the completion script of a shell" },
    ],
  },
];

export const COMMAND_NAMES: readonly string[] = COMMAND_GROUPS.flatMap(({ commands }) =>
  commands.map(({ name }) => name),
);
