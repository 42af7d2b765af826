/** Where every command is; each is imported when it is asked for. */
import { type Command, implement } from "./command.js";

type Load = () => Promise<Command>;

const LOADERS = {
  init: async () => (await import("./commands/init.js")).init,
  run: async () =>
    implement(
      (await import("./commands/run.js")).run,
      async () => (await import("./commands/run.run.js")).runRun,
    ),
  start: async () => (await import("./commands/start.js")).start,
  log: async () => (await import("./commands/log.js")).log,
  end: async () => (await import("./commands/end.js")).end,
  resume: async () => (await import("./commands/resume.js")).resume,
  runs: async () => (await import("./commands/runs.js")).runs,
  views: async () => (await import("./commands/views.js")).views,
  show: async () =>
    implement(
      (await import("./commands/show.js")).show,
      async () => (await import("./commands/show.run.js")).runShow,
    ),
  compare: async () => (await import("./commands/compare.js")).compare,
  blame: async () => (await import("./commands/blame.js")).blame,
  checkout: async () => (await import("./commands/checkout.js")).checkout,
  reproduce: async () => (await import("./commands/reproduce.js")).reproduce,
  diff: async () => (await import("./commands/diff.js")).diff,
  report: async () => (await import("./commands/report.js")).report,
  commit: async () => (await import("./commands/commit.js")).commit,
  best: async () => (await import("./commands/best.js")).best,
  plot: async () => (await import("./commands/plot.js")).plot,
  watch: async () => (await import("./commands/watch.js")).watch,
  artifacts: async () => (await import("./commands/artifacts.js")).artifacts,
  summary: async () => (await import("./commands/summary.js")).summary,
  du: async () => (await import("./commands/du.js")).du,
  export: async () => (await import("./commands/export.js")).exportRuns,
  dump: async () => (await import("./commands/dump.js")).dump,
  models: async () => (await import("./commands/models.js")).models,
  experiments: async () => (await import("./commands/experiments.js")).experiments,
  tag: async () => (await import("./commands/tag.js")).tag,
  rename: async () => (await import("./commands/rename.js")).rename,
  note: async () => (await import("./commands/note.js")).note,
  move: async () => (await import("./commands/move.js")).move,
  delete: async () => (await import("./commands/delete.js")).remove,
  restore: async () => (await import("./commands/delete.js")).restore,
  remote: async () => (await import("./commands/remote.js")).remote,
  login: async () => (await import("./commands/login.js")).login,
  logout: async () => (await import("./commands/login.js")).logout,
  push: async () => (await import("./commands/push.js")).push,
  pull: async () => (await import("./commands/pull.js")).pull,
  sync: async () => (await import("./commands/sync.js")).sync,
  status: async () => (await import("./commands/status.js")).status,
  fetch: async () => (await import("./commands/fetch.js")).fetch,
  resolve: async () => (await import("./commands/resolve.js")).resolve,
  clone: async () => (await import("./commands/clone.js")).clone,
  serve: async () => (await import("./commands/serve.js")).serve,
  verify: async () => (await import("./commands/verify.js")).verify,
  "merge-file": async () =>
    implement(
      (await import("./commands/merge-file.js")).mergeFileCommand,
      async () => (await import("./commands/merge-file.run.js")).runMergeFile,
    ),
  prune: async () => (await import("./commands/prune.js")).prune,
  adopt: async () => (await import("./commands/adopt.js")).adopt,
  fsck: async () => (await import("./commands/fsck.js")).fsck,
  gc: async () => (await import("./commands/gc.js")).gc,
  hooks: async () => (await import("./commands/hooks.js")).hooks,
  snapshots: async () => (await import("./commands/snapshots.js")).snapshots,
  refresh: async () => (await import("./commands/refresh.js")).refresh,
  config: async () => (await import("./commands/config.js")).config,
  doctor: async () => (await import("./commands/doctor.js")).doctor,
  completion: async () => (await import("./commands/completion.js")).completion,
} satisfies Readonly<Record<string, Load>>;

/** The command of that name; undefined when there is none. */
export async function loadCommand(name: string): Promise<Command | undefined> {
  return Object.hasOwn(LOADERS, name) ? LOADERS[name as keyof typeof LOADERS]() : undefined;
}
