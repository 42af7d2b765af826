/** SLURM's word on a job, from stand-ins of its programs on PATH. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, test } from "node:test";
import { slurmJobEnded } from "../../core/leases/slurm-job.js";

let place = "";
const path = process.env.PATH;

before(() => {
  place = mkdtempSync(join(tmpdir(), "runstone-slurm-"));
  process.env.PATH = `${place}${delimiter}${path}`;
});
after(() => {
  process.env.PATH = path;
  rmSync(place, { recursive: true });
});

function program(name: string, script: string): void {
  writeFileSync(join(place, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(place, name), 0o755);
}

test("without SLURM nothing can be told", () => {
  process.env.PATH = place;
  assert.equal(slurmJobEnded("1", "node7"), null);
  process.env.PATH = `${place}${delimiter}${path}`;
});

test("its word counts for the node of the claim only; a job it does not list proves nothing", () => {
  program(
    "squeue",
    'case "$*" in *jobs=11*) echo "RUNNING node7";; *jobs=12*) echo "TIMEOUT node7.lab.org";; *) exit 1;; esac',
  );
  program("sacct", 'case "$*" in *jobs=13*) echo "CANCELLED by 0 node7";; *jobs=14*) ;; *) exit 1;; esac');
  assert.equal(slurmJobEnded("11", "node7.lab.org"), false);
  assert.equal(slurmJobEnded("12", "node7"), true);
  assert.equal(slurmJobEnded("13", "node7"), true);
  assert.equal(slurmJobEnded("14", "node7"), null);
  assert.equal(slurmJobEnded("15", "node7"), null);
  program("squeue", 'echo "COMPLETED other9"');
  assert.equal(slurmJobEnded("16", "node7"), null);
});

test("an id that is none is not handed to a program", () => {
  program("squeue", `touch ${join(place, "called")}; echo "FAILED node7"`);
  assert.equal(slurmJobEnded("1; touch x", "node7"), null);
  assert.equal(slurmJobEnded("--help", "node7"), null);
});
