/** Stores written file by file, as MLflow lays them out: for tests that read. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface PlainRun {
  /** 32 hex digits; shorter ones are filled up with zeros. */
  readonly id: string;
  readonly name?: string;
  /** MLflow's number: 1 RUNNING, 3 FINISHED, 4 FAILED. Default 3. */
  readonly status?: number;
  readonly startTime?: number;
  readonly params?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  /** Values at steps 0, 1, ..., or the lines of the file. */
  readonly metrics?: Readonly<Record<string, readonly number[] | string>>;
  /** Texts by path. */
  readonly artifacts?: Readonly<Record<string, string>>;
}

const START = 1_748_764_800_000;

/** A store with experiment 0, `Default`, and these runs. Returns its root. */
export function writePlainStore(directory: string, runs: readonly PlainRun[]): string {
  const root = join(directory, "mlruns");
  const location = `file://${root}/0`;
  put(
    join(root, "0", "meta.yaml"),
    `artifact_location: ${location}\ncreation_time: ${START}\nexperiment_id: '0'\nlast_update_time: ${START}\nlifecycle_stage: active\nname: Default\n`,
  );
  for (const run of runs) writePlainRun(root, run);
  return root;
}

/** Returns the directory of the run. */
export function writePlainRun(root: string, run: PlainRun): string {
  const id = run.id.padEnd(32, "0");
  const directory = join(root, "0", id);
  for (const name of ["metrics", "params", "tags", "artifacts"])
    mkdirSync(join(directory, name), { recursive: true });
  for (const [key, value] of Object.entries(run.params ?? {})) put(join(directory, "params", key), value);
  for (const [key, value] of Object.entries(run.tags ?? {})) put(join(directory, "tags", key), value);
  for (const [path, text] of Object.entries(run.artifacts ?? {}))
    put(join(directory, "artifacts", path), text);
  for (const [key, values] of Object.entries(run.metrics ?? {}))
    put(join(directory, "metrics", key), typeof values === "string" ? values : linesOf(values));
  writePlainMeta(directory, run);
  return directory;
}

/** Writes `meta.yaml`: also to change the status. */
export function writePlainMeta(
  directory: string,
  { id, name = "", status = 3, startTime = START }: PlainRun,
): void {
  const end = status === 1 ? "null" : String(startTime + 60_000);
  const fields = [
    `artifact_uri: file://${directory}/artifacts`,
    `end_time: ${end}`,
    "entry_point_name: ''",
    "experiment_id: '0'",
    "lifecycle_stage: active",
    `run_id: ${id.padEnd(32, "0")}`,
    `run_name: ${JSON.stringify(name)}`,
    "source_name: ''",
    "source_type: 4",
    "source_version: ''",
    `start_time: ${startTime}`,
    `status: ${status}`,
    "tags: []",
    "user_id: tester",
  ];
  put(join(directory, "meta.yaml"), `${fields.join("\n")}\n`);
}

function linesOf(values: readonly number[]): string {
  return values.map((value, step) => `${START + 1000 * step} ${pythonFloat(value)} ${step}\n`).join("");
}

function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  return Number.isFinite(value) ? String(value) : value > 0 ? "inf" : "-inf";
}

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
