/** Every command, without loading any: what the top-level help, the completion and the router need. */
import type { Command } from "./command.js";

export interface CommandEntry {
  readonly name: string;
  /** The same text as the command's own `describe`. */
  readonly describe: string;
  readonly load: () => Promise<Command>;
}

export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly CommandEntry[];
}

export const COMMAND_GROUPS: readonly CommandGroup[] = [
  {
    title: "Record",
    commands: [
      entry("init", "Make a workspace here", async () => (await import("./commands/init.js")).init),
      entry("run", "Run a command and record it", async () => (await import("./commands/run.js")).run),
      entry(
        "start",
        "Start a run and print its id, for shell scripts",
        async () => (await import("./commands/start.js")).start,
      ),
      entry(
        "log",
        "Log metrics, params, tags, artifacts and texts to a run",
        async () => (await import("./commands/log.js")).log,
      ),
      entry("end", "End a run and seal it", async () => (await import("./commands/end.js")).end),
      entry(
        "resume",
        "Make a run that ended or was lost run again, from this shell",
        async () => (await import("./commands/resume.js")).resume,
      ),
    ],
  },
  {
    title: "Look",
    commands: [
      entry("runs", "List runs, the newest first", async () => (await import("./commands/runs.js")).runs),
      entry(
        "show",
        "Show one run: state, code, curves, params, tags, artifacts",
        async () => (await import("./commands/show.js")).show,
      ),
      entry(
        "artifacts",
        "List, copy and print artifacts of runs",
        async () => (await import("./commands/artifacts.js")).artifacts,
      ),
      entry(
        "dump",
        "Print the whole store as JSON lines",
        async () => (await import("./commands/dump.js")).dump,
      ),
      entry("models", "Read the model registry", async () => (await import("./commands/models.js")).models),
    ],
  },
  {
    title: "Change",
    commands: [
      entry(
        "experiments",
        "List, create, rename, tag, delete and restore experiments",
        async () => (await import("./commands/experiments.js")).experiments,
      ),
      entry("tag", "Set or remove tags of runs", async () => (await import("./commands/tag.js")).tag),
      entry("rename", "Give runs another name", async () => (await import("./commands/rename.js")).rename),
      entry("note", "Show or set the note of runs", async () => (await import("./commands/note.js")).note),
      entry("move", "Move runs to another experiment", async () => (await import("./commands/move.js")).move),
      entry(
        "delete",
        "Delete runs or experiments; they can be restored until gc",
        async () => (await import("./commands/delete.js")).remove,
      ),
      entry(
        "restore",
        "Restore deleted runs or experiments",
        async () => (await import("./commands/delete.js")).restore,
      ),
    ],
  },
  {
    title: "Keep in order",
    commands: [
      entry(
        "fsck",
        "Check the store: read everything, hash every sealed file and object",
        async () => (await import("./commands/fsck.js")).fsck,
      ),
      entry("gc", "Remove what nothing needs any more", async () => (await import("./commands/gc.js")).gc),
      entry(
        "config",
        "Read and change the workspace's settings",
        async () => (await import("./commands/config.js")).config,
      ),
      entry(
        "doctor",
        "Check what Runstone finds here: disk, Git, Python, store",
        async () => (await import("./commands/doctor.js")).doctor,
      ),
      entry(
        "completion",
        "Print the completion script of a shell",
        async () => (await import("./commands/completion.js")).completion,
      ),
    ],
  },
];

export const COMMANDS: readonly CommandEntry[] = COMMAND_GROUPS.flatMap((group) => group.commands);

function entry(name: string, describe: string, load: () => Promise<Command>): CommandEntry {
  return { name, describe, load };
}
