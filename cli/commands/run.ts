import { type ArgumentsOf, defineSignature, type Options } from "../command.js";

/** Parts of capture that can be left out. */
export const CAPTURE_PARTS = [
  "git",
  "patch",
  "snapshot",
  "environment",
  "command",
  "packages",
  "gpu",
] as const;

const options = {
  experiment: {
    type: "string",
    alias: ["e", "experiment-name"],
    value: "NAME",
    describe: "Put the run into this experiment; it is made when missing (also RUNSTONE_EXPERIMENT)",
  },
  name: {
    type: "string",
    alias: ["n", "run-name"],
    value: "NAME",
    describe: "Call the run so",
    defaultText: "generated",
  },
  param: { type: "strings", alias: ["p", "P"], value: "KEY=VALUE", describe: "Log a param" },
  tag: { type: "strings", alias: ["t"], value: "KEY=VALUE", describe: "Set a tag" },
  note: { type: "string", value: "TEXT", describe: "Describe the run (the tag mlflow.note.content)" },
  parent: {
    type: "string",
    value: "RUN",
    describe: "Make it a child of this run; inside a run, that one is the parent",
  },
  "run-key": {
    type: "string",
    value: "KEY",
    describe: "Go on with the run of this key, if there is one: a job that is queued again finds its run",
  },
  resume: {
    type: "string",
    value: "RUN",
    describe: "Go on with this run, which ended or was lost, instead of making one",
  },
  "take-over": {
    type: "boolean",
    describe: "With --resume: take the run from an owner that may still be alive",
  },
  capture: {
    type: "strings",
    alias: ["c"],
    value: "PATTERN",
    describe: "Log points from lines like 'loss=%f', or from named groups like '(?<loss>[0-9.]+)'",
  },
  artifacts: {
    type: "strings",
    alias: ["a"],
    value: "GLOB",
    describe: "Keep files that the command made or changed",
  },
  "system-metrics-interval": {
    type: "number",
    value: "SECONDS",
    describe: "Measure CPU, memory and GPU this often",
    defaultText: "10",
  },
  "no-system-metrics": { type: "boolean", describe: "Do not measure CPU, memory and GPU" },
  "system-metrics": { type: "boolean", describe: "Measure CPU, memory and GPU (the default)", hidden: true },
  "no-capture-console": {
    type: "boolean",
    describe: "Leave the output alone: the command sees the terminal, nothing of it is kept",
  },
  tty: {
    type: "string",
    value: "HOW",
    choices: ["capture", "inherit"],
    describe: "inherit is the same as --no-capture-console",
    hidden: true,
  },
  "no-capture": {
    type: "strings",
    value: "PART",
    choices: CAPTURE_PARTS,
    describe: "Leave out a part of what is recorded about code and machine",
  },
  "no-snapshot": {
    type: "boolean",
    describe: "Do not keep the code as a commit object (config: capture.snapshot)",
  },
  "id-file": {
    type: "string",
    value: "FILE",
    describe: "Write the id of the run into this file",
    hidden: true,
  },
  "no-mlflow": { type: "boolean", describe: "Do not lead a script that uses mlflow into this run" },
} as const satisfies Options;

export type RunArguments = ArgumentsOf<typeof options>;

export const run = defineSignature({
  name: "run",
  describe: "Run a command and record it",
  options,
  takesCommandLine: true,
  examples: [
    { line: "runstone run -- python train.py --lr 0.1", describe: "The main job" },
    { line: "runstone run -e wine -p lr=0.1 -- ./train", describe: "Name the experiment, log a param" },
    { line: "runstone run --capture 'loss=%f' -- make train", describe: "Take points from what is printed" },
  ],
  details: [
    "Lines that the command prints, in any language, log to the run: `::runstone metric loss=0.25 step=3`, `::runstone param lr=0.1`, `::runstone tag team=a`, `::runstone artifact out/roc.png as plots`.",
    "The exit code is the command's: 128 + n when signal n ended it, 127 when there is no such command (then there is no run), 126 when it cannot be run.",
    "The command's output goes to files that Runstone follows: the command sees no terminal on stdout and stderr, and goes on when Runstone is stopped or killed.",
  ].join("\n\n"),
});
