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
  const fresh = Array.from({ length: ROUNDS }, (_, round) => [`lab${round}`, `${lab}${round}`]);
  const urls: Record<string, string> = {
    lab,
    far: `ssh://far${encodeURI(lab)}`,
    ...Object.fromEntries(fresh),
  };
  for (const [remote, url] of Object.entries(urls)) {
    addRemote(workspace, remote, { url });
    changePrivateRemote(privateDirectoryOf(env, process.platform)!, { workspace, name: remote }, () => ({
      confirmed: url,
      ...{ login: null, insecureTls: false, plainHttp: false },
    }));
  }
  return env;
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
  const times: { push: number; rsync: number; durable: number }[] = [];
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
    times.push({ push, rsync, durable });
  }
  const ratio = summarize(times.map(({ push, rsync }) => push / rsync)).median;
  printRow({
    scenario: "first push to a directory",
    size: `${runs.toLocaleString("en")} runs of 41 files, 100 points a metric, 3 artifacts of 100 KB`,
    result: milliseconds(summarize(times.map(({ push }) => push)).median),
    baseline: `\`rsync -a\` ${milliseconds(summarize(times.map(({ rsync }) => rsync)).median)}, with \`--fsync\` ${milliseconds(summarize(times.map(({ durable }) => durable)).median)}`,
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
