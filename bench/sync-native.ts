/**
 * Syncing with a directory beside `rsync -a` of the same store, and a second sync of runs that did not change. The baseline
 * writes no seal, hashes nothing and makes nothing durable.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { initWorkspace, openFileStore } from "../core/index.js";
import { listRunLocations } from "../core/store/read/runs.js";
import { sealRun } from "../core/store/runs/seal.js";
import { addRemote } from "../sync/remotes/edit-remotes.js";
import { changePrivateRemote, privateDirectoryOf } from "../sync/remotes/private-settings.js";
import { EXPERIMENT, generateStore } from "./generate-store.js";
import { cleanEnvironment, summarize, timeCommand } from "./measure.js";
import { milliseconds, printRow } from "./table.js";

const RUNSTONE = fileURLToPath(new URL("../bin/runstone.js", import.meta.url));
const ARTIFACT_BYTES = 100_000;
const ARTIFACTS = 3;
const ROUNDS = 3;
const FIRST_COPY_BAR = 2;
const UNCHANGED_BAR_MS = 1_000;

export async function benchSyncNative(
  place: string,
  sizes: { first: number; unchanged: number },
): Promise<void> {
  const directory = mkdtempSync(join(place, "runstone-bench-"));
  try {
    firstCopy(directory, sizes.first);
    unchanged(directory, sizes.unchanged);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A workspace with sealed runs and its remotes; returns the environment that commands in it need. */
function makeWorkspace(directory: string, name: string, runs: number, artifacts: boolean): NodeJS.ProcessEnv {
  const workspace = join(directory, name);
  mkdirSync(workspace);
  initWorkspace(workspace);
  generateStore({ path: join(workspace, "mlruns"), runs, seed: 4, points: artifacts ? 100 : 3 });
  if (artifacts) writeArtifacts(join(workspace, "mlruns", EXPERIMENT));
  const { context } = openFileStore({ cwd: workspace });
  for (const location of listRunLocations(context)) sealRun(context, location);
  const env = { ...cleanEnvironment(), ...farEnd(directory), HOME: directory };
  const lab = join(directory, `${name}-lab`);
  for (const place of ["", ...Array.from({ length: ROUNDS }, (_, round) => String(round))]) {
    confirmRemote(workspace, { name: `lab${place}`, url: lab + place, env });
    // A store of its own for a first push, the same one for what comes later.
    const far = place === "" ? lab : `${lab}-far${place}`;
    confirmRemote(workspace, { name: `far${place}`, url: `ssh://far${encodeURI(far)}`, env });
  }
  return env;
}

function confirmRemote(
  workspace: string,
  { name, url, env }: { readonly name: string; readonly url: string; readonly env: NodeJS.ProcessEnv },
): void {
  addRemote(workspace, name, { url });
  changePrivateRemote(privateDirectoryOf(env, process.platform)!, { workspace, name }, () => ({
    confirmed: url,
    ...{ login: null, insecureTls: false, plainHttp: false },
  }));
}

/** Drops the options of ssh and gives the rest to a shell, as sshd does. */
const SSH = '#!/bin/sh\nwhile [ "$1" != "--" ]; do shift; done\nshift 2\nexec sh -c "$1"\n';

/** What stands in for a host at the far end of ssh: the protocol and both processes are the real ones. */
function farEnd(directory: string): NodeJS.ProcessEnv {
  const tools = join(directory, "tools");
  mkdirSync(tools, { recursive: true });
  const ours = `#!/bin/sh\nexec "${process.execPath}" "${RUNSTONE}" "$@"\n`;
  for (const [name, text] of Object.entries({ ssh: SSH, runstone: ours })) {
    writeFileSync(join(tools, name), text);
    chmodSync(join(tools, name), 0o755);
  }
  return {
    RUNSTONE_SSH_COMMAND: join(tools, "ssh"),
    PATH: `${tools}${delimiter}${process.env["PATH"]}`,
    XDG_CONFIG_HOME: join(directory, "config"),
  };
}

function writeArtifacts(experiment: string): void {
  for (const run of readdirSync(experiment)) {
    if (run === "meta.yaml") continue;
    for (let n = 0; n < ARTIFACTS; n += 1)
      writeFileSync(join(experiment, run, "artifacts", `part${n}.bin`), randomBytes(ARTIFACT_BYTES));
  }
}

function firstCopy(directory: string, runs: number): void {
  const env = makeWorkspace(directory, "first", runs, true);
  const workspace = join(directory, "first");
  const times: FirstCopy[] = [];
  // Each into a place of its own: a file system that has just freed as many files is slow for a while.
  for (let round = 0; round < ROUNDS; round += 1) {
    const rsync = timeCommand("rsync", [
      "-a",
      `${join(workspace, "mlruns")}/`,
      join(directory, `copy${round}`),
    ]);
    const sure = join(directory, `durable${round}`);
    const durable = timeCommand("rsync", ["-a", "--fsync", `${join(workspace, "mlruns")}/`, sure]);
    const push = timeCommand(process.execPath, [RUNSTONE, "push", `lab${round}`], { cwd: workspace, env });
    const far = timeCommand(process.execPath, [RUNSTONE, "push", `far${round}`], { cwd: workspace, env });
    const pull = timeFirstPull(directory, { lab: join(directory, `first-lab${round}`), round, env });
    times.push({ rsync, durable, push, far, pull });
  }
  const size = `${runs.toLocaleString("en")} runs of 41 files, 100 points a metric, 3 artifacts of 100 KB`;
  printFirst("first push to a directory", size, { times, how: "push" });
  printFirst("first push through a pipe", size, { times, how: "far" });
  printFirst("first pull from a directory", size, { times, how: "pull" });
}

/** Milliseconds. */
interface FirstCopy {
  readonly rsync: number;
  /** With `--fsync`. */
  readonly durable: number;
  readonly push: number;
  readonly far: number;
  readonly pull: number;
}

/** Into a workspace that has no run. */
function timeFirstPull(
  directory: string,
  { lab, round, env }: { readonly lab: string; readonly round: number; readonly env: NodeJS.ProcessEnv },
): number {
  const workspace = join(directory, `pulled${round}`);
  mkdirSync(workspace);
  initWorkspace(workspace);
  confirmRemote(workspace, { name: "lab", url: lab, env });
  return timeCommand(process.execPath, [RUNSTONE, "pull", "lab"], { cwd: workspace, env });
}

function printFirst(
  scenario: string,
  size: string,
  { times, how }: { readonly times: readonly FirstCopy[]; readonly how: "push" | "far" | "pull" },
): void {
  const median = (of: (one: FirstCopy) => number): number => summarize(times.map(of)).median;
  const ratio = median((one) => one[how] / one.rsync);
  const durable = milliseconds(median((one) => one.durable));
  printRow({
    scenario,
    size,
    result: milliseconds(median((one) => one[how])),
    baseline: `\`rsync -a\` ${milliseconds(median(({ rsync }) => rsync))}, with \`--fsync\` ${durable}`,
    ratio: ratio.toFixed(2),
    bar: `${FIRST_COPY_BAR}`,
    met: ratio <= FIRST_COPY_BAR,
  });
}

function unchanged(directory: string, runs: number): void {
  const env = makeWorkspace(directory, "same", runs, false);
  const workspace = join(directory, "same");
  for (const remote of ["lab", "far"])
    printUnchanged(remote, runs, () =>
      timeCommand(process.execPath, [RUNSTONE, "sync", remote], { cwd: workspace, env }),
    );
}

function printUnchanged(remote: string, runs: number, sync: () => number): void {
  sync();
  sync();
  const times = summarize(Array.from({ length: 5 }, sync));
  printRow({
    scenario: `sync with a directory${remote === "far" ? " at the far end of a pipe" : ""}, nothing changed, whole command`,
    size: `${runs.toLocaleString("en")} runs of 41 files`,
    result: milliseconds(times.median),
    baseline: "",
    ratio: "",
    bar: milliseconds(UNCHANGED_BAR_MS),
    met: times.median <= UNCHANGED_BAR_MS,
  });
}
