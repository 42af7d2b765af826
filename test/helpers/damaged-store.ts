/** A store as Git, merges, editors and other tools leave one that was committed by hand: every damage that `adopt` mends. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** 32 hex digits that begin with these. */
export const runId = (start: string): string => start.padEnd(32, "0");

const FOREIGN = "file:///home/bob/thesis/mlruns";
const START = 1_748_764_800_000;
const TRACE = `tr-${"6".repeat(32)}`;
const MODEL = `m-${"5".repeat(32)}`;

function metaOf(start: string, changes: Readonly<Record<string, string | null>> = {}): string {
  const fields: Record<string, string | null> = {
    artifact_uri: `${FOREIGN}/1/${runId(start)}/artifacts`,
    end_time: String(START + 60_000),
    entry_point_name: "''",
    experiment_id: "'1'",
    lifecycle_stage: "active",
    run_id: runId(start),
    run_name: `run ${start}`,
    run_uuid: runId(start),
    source_name: "''",
    source_type: "4",
    source_version: "''",
    start_time: String(START),
    status: "3",
    tags: "[]",
    user_id: "bob",
    ...changes,
  };
  return Object.entries(fields)
    .flatMap(([field, value]) => (value === null ? [] : [`${field}: ${value}\n`]))
    .join("");
}

const conflict = (ours: string, theirs: string): string =>
  `<<<<<<< HEAD\n${ours}=======\n${theirs}>>>>>>> other branch\n`;

const FILES: Readonly<Record<string, string>> = {
  "0/meta.yaml": `artifact_location: ${FOREIGN}/0\nexperiment_id: 0\nlifecycle_stage: active\nname: Default\n`,
  "0/.DS_Store": "finder",
  // None of the experiments has times: MLflow 1.30 cannot sort those that have them among those that have none.
  "1/meta.yaml": `artifact_location: ${FOREIGN}/1\nexperiment_id: '1'\nlifecycle_stage: active\nname: 'thesis: part 1'\n`,
  ".trash/5/meta.yaml": `artifact_location: ${FOREIGN}/5\nexperiment_id: '5'\nlifecycle_stage: active\nname: old\n`,
  // The directories are lost, placeholders stand in the others.
  [`1/${runId("a1")}/meta.yaml`]: metaOf("a1", {
    artifact_uri: `file:C:/Users/Bob B/mlruns/1/${runId("a1")}/artifacts`,
  }),
  [`1/${runId("a1")}/metrics/.gitkeep`]: "",
  [`1/${runId("a1")}/params/.gitkeep`]: "",
  [`1/${runId("a1")}/tags/.DS_Store`]: "\0\0\0\u0001Bud1",
  [`1/${runId("a1")}/tags/mlflow.note.content`]: "two\nlines\n",
  // A merge that nobody settled.
  [`1/${runId("b1")}/meta.yaml`]: metaOf("b1"),
  [`1/${runId("b1")}/metrics/loss`]: `${START} 0.9 0\n${conflict(`${START + 1} 0.5 1\n`, `${START + 1} 0.5 1\n${START + 2} 0.25 2\n`)}`,
  [`1/${runId("b1")}/params/lr`]: conflict("0.1\n", "0.2\n"),
  [`1/${runId("b1")}/params/depth`]: "3",
  // Files of metrics that MLflow stops at.
  [`1/${runId("c1")}/meta.yaml`]: metaOf("c1"),
  [`1/${runId("c1")}/metrics/acc`]: `${START} 0.5 0\n\n${START + 1} what 1\n${START + 2} 0.75 2\n`,
  [`1/${runId("c1")}/metrics/converted`]: `${START} 1.0 0\r\n${START + 1} 2.0 1\r\n`,
  [`1/${runId("c1")}/metrics/empty`]: "",
  [`1/${runId("c1")}/metrics/nothing but this`]: "garbage\n",
  [`1/${runId("c1")}/metrics/torn`]: `${START} 1.0 0\n${START + 1} 2.`,
  [`1/${runId("c1")}/params/a@b`]: "no key",
  [`1/${runId("c1")}/params/prompt`]: "a\r\nb",
  [`1/${runId("c1")}/artifacts/plot.txt`]: "plot",
  // What MLflow 0.x wrote, and a file that lacks what MLflow insists on.
  [`1/${runId("d1")}/meta.yaml`]: metaOf("d1", {
    run_id: null,
    run_name: null,
    name: "''",
    experiment_id: "1",
  }),
  [`1/${runId("d1")}/metrics/m`]: `${START} 0.5\n`,
  [`1/${runId("e1")}/meta.yaml`]: metaOf("e1", { end_time: null, user_id: null, status: "FINISHED" }),
  [`1/${runId("e1")}/params/p`]: "1",
  "1/.ipynb_checkpoints/meta-checkpoint.yaml": "x: 1\n",
  ".ipynb_checkpoints/x.txt": "x",
  "my notes/plan.txt": "x",
  // An experiment whose meta.yaml is gone, one that lacks half of it, a run that was moved by hand.
  [`77/${runId("f1")}/meta.yaml`]: metaOf("f1", {
    experiment_id: "'77'",
    artifact_uri: `${FOREIGN}/77/${runId("f1")}/artifacts`,
  }),
  [`77/${runId("f1")}/params/p`]: "orphan",
  "88/meta.yaml": "experiment_id: '87'\nname: moved\n",
  [`88/${runId("ab")}/meta.yaml`]: metaOf("ab"),
  [`88/${runId("ab")}/metrics/m`]: `${START} 0.5 0\n`,
  [`1/models/${MODEL}/meta.yaml`]: [
    `artifact_location: ${FOREIGN}/1/models/${MODEL}/artifacts`,
    `creation_timestamp: ${START}`,
    "experiment_id: '1'",
    `last_updated_timestamp: ${START}`,
    `model_id: ${MODEL}`,
    "model_type: ''",
    "name: forest",
    `source_run_id: ${runId("c1")}`,
    "status: 2",
    "status_message: null\n",
  ].join("\n"),
  [`1/models/${MODEL}/metrics/acc`]: `${START} 0.5 0 ${runId("c1")}\r\n`,
  [`1/models/${MODEL}/tags/.gitkeep`]: "",
  "models/forest/meta.yaml": `aliases: {}\ncreation_timestamp: ${START}\ndescription: null\n${conflict(
    `last_updated_timestamp: ${START + 1}\n`,
    `last_updated_timestamp: ${START + 2}\n`,
  )}name: forest\n`,
  [`1/traces/${TRACE}/trace_info.yaml`]: [
    "execution_duration_ms: 227",
    "request_preview: 'null'",
    "request_time: '2025-08-18T19:34:18.561Z'",
    "response_preview: 'null'",
    "state: OK",
    `trace_id: ${TRACE}`,
    "trace_location:",
    "  mlflow_experiment:",
    "    experiment_id: '1'",
    "  type: MLFLOW_EXPERIMENT\n",
  ].join("\n"),
  [`1/traces/${TRACE}/tags/mlflow.artifactLocation`]: `${FOREIGN}/1/traces/${TRACE}/artifacts`,
  [`1/traces/${TRACE}/request_metadata/mlflow.trace_schema.version`]: "3",
  [`1/traces/${TRACE}/artifacts/traces.json`]: '{"spans": []}',
  "models/forest/aliases/champion": "1\n",
  "models/forest/version-1/meta.yaml": [
    `creation_timestamp: ${START}`,
    "current_stage: None",
    "description: null",
    `last_updated_timestamp: ${START}`,
    "name: forest",
    `run_id: ${runId("c1")}`,
    "run_link: null",
    `source: models:/${MODEL}`,
    "status: READY",
    "status_message: null",
    "user_id: null",
    "version: 1\n",
  ].join("\n"),
  // What the second version names is here, what the third one names is not.
  ...Object.fromEntries(
    [
      [2, "artifacts/plot.txt"],
      [3, "artifacts/model"],
    ].map(([version, place]) => [
      `models/forest/version-${version}/meta.yaml`,
      [
        `creation_timestamp: ${START}`,
        "current_stage: None",
        "description: null",
        `last_updated_timestamp: ${START}`,
        "name: forest",
        `run_id: ${runId("c1")}`,
        "run_link: null",
        `source: ${FOREIGN}/1/${runId("c1")}/${place}`,
        "status: READY",
        "status_message: null",
        "user_id: null",
        `version: ${version}\n`,
      ].join("\n"),
    ]),
  ),
};

/** Writes it into `<directory>/mlruns`; returns that. */
export function writeDamagedStore(directory: string): string {
  const root = join(directory, "mlruns");
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}
