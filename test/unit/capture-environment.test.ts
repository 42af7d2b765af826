import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { distributedRank } from "../../core/capture/distributed.js";
import { captureEnvironment } from "../../core/capture/environment.js";
import { captureGpus } from "../../core/capture/gpu.js";
import { SystemSampler } from "../../core/capture/system-metrics.js";

describe("the environment", () => {
  test("takes variables of the lists only, and redacts their values", () => {
    const env = {
      SLURM_JOB_ID: "77",
      SLURM_JOB_NAME: "https://me:pw@host/x",
      SLURM_SECRET_THING: "no",
      RANK: "1",
      WORLD_SIZE: "4",
      MASTER_ADDR: "node1",
      PYTHONHASHSEED: "0",
      GITHUB_RUN_ID: "5",
      GITHUB_TOKEN: "canary-value",
      AWS_SECRET_ACCESS_KEY: "canary-value",
    };
    const captured = captureEnvironment({ env, cwd: "/w" });
    assert.deepEqual(captured.slurm, {
      SLURM_JOB_ID: "77",
      SLURM_JOB_NAME: "https://[redacted:url_userinfo]@host/x",
    });
    assert.deepEqual(captured.torchrun, { RANK: "1", WORLD_SIZE: "4", MASTER_ADDR: "node1" });
    assert.deepEqual(captured.seeds, { PYTHONHASHSEED: "0" });
    assert.deepEqual(captured.ci, { GITHUB_RUN_ID: "5" });
    assert.ok(!JSON.stringify(captured).includes("canary-value"));
  });

  test("names user, host and machine", () => {
    const captured = captureEnvironment({ env: {}, cwd: "/w" });
    assert.deepEqual(captured.missing, []);
    assert.ok(captured.user && captured.host && captured.platform && captured.release);
    assert.equal(captured.cwd, "/w");
    assert.equal(captured.cpuCount, cpus().length);
    assert.ok(captured.memoryTotalBytes > 0);
    assert.equal(captured.nodeVersion, process.versions.node);
  });
});

test("the rank is the innermost launcher's; a batch script outside a step has none", () => {
  const slurm = { SLURM_PROCID: "3", SLURM_LOCALID: "1", SLURM_NTASKS: "8", SLURM_STEP_ID: "0" };
  assert.equal(distributedRank({}), null);
  assert.deepEqual(distributedRank(slurm), { rank: 3, localRank: 1, worldSize: 8, launcher: "slurm" });
  assert.equal(distributedRank({ ...slurm, RANK: "5", WORLD_SIZE: "16" })?.rank, 5);
  assert.equal(distributedRank({ SLURM_PROCID: "0", SLURM_NTASKS: "8" }), null);
  assert.equal(distributedRank({ ...slurm, SLURM_NTASKS: "1", SLURM_PROCID: "0" }), null);
  assert.equal(distributedRank({ RANK: "first" }), null);
});

/** A directory with an `nvidia-smi` that prints what the real one is known to print. */
function nvidiaSmi(t: TestContext, script: string): string {
  const directory = mkdtempSync(join(tmpdir(), "runstone-gpu-"));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, "nvidia-smi"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, "nvidia-smi"), 0o755);
  return directory;
}

describe("GPUs", () => {
  test("none without nvidia-smi, and nothing is missing", async () => {
    assert.deepEqual(await captureGpus({ env: { PATH: "" } }), { gpus: [], missing: [] });
  });

  test("name, memory, driver; what is not supported is null", async (t) => {
    const PATH = nvidiaSmi(
      t,
      "echo '0, NVIDIA A100, GPU-1, 550.54, 81920'; echo '1, Tesla K80, GPU-2, 550.54, [N/A]'",
    );
    const { gpus, missing } = await captureGpus({ env: { PATH } });
    assert.deepEqual(missing, []);
    assert.deepEqual(gpus, [
      {
        index: 0,
        name: "NVIDIA A100",
        uuid: "GPU-1",
        driverVersion: "550.54",
        memoryTotalMegabytes: 85899.34592,
      },
      { index: 1, name: "Tesla K80", uuid: "GPU-2", driverVersion: "550.54", memoryTotalMegabytes: null },
    ]);
  });

  test("a driver that fails or hangs is named", async (t) => {
    const broken = nvidiaSmi(t, "echo 'NVIDIA-SMI has failed to communicate'; exit 9");
    const failed = await captureGpus({ env: { PATH: broken } });
    assert.deepEqual(failed.missing, [
      { part: "gpu", reason: "nvidia-smi: NVIDIA-SMI has failed to communicate" },
    ]);
    const hung = nvidiaSmi(t, "while :; do read x < /dev/zero; done");
    const late = await captureGpus({ env: { PATH: hung }, timeoutMs: 50 });
    assert.deepEqual(late.missing, [{ part: "gpu", reason: "no answer within 50 ms" }]);
  });
});

describe("system metrics", () => {
  test("MLflow's names; percentages are percentages", () => {
    const sample = new SystemSampler().sample();
    for (const key of ["system_memory_usage_megabytes", "disk_usage_megabytes", "disk_available_megabytes"]) {
      assert.ok((sample[key] ?? 0) > 0, key);
    }
    for (const [key, value] of Object.entries(sample)) {
      assert.ok(Number.isFinite(value), key);
      if (key.endsWith("_percentage")) assert.ok(value >= 0 && value <= 100, `${key} ${value}`);
    }
  });

  test("a process tree counts its children", { skip: process.platform !== "linux" }, async () => {
    const grandchild = "const b = Buffer.alloc(80e6, 1); console.log('up'); setInterval(() => b, 1e6)";
    const child = spawn("/bin/sh", ["-c", '"$0" -e "$1" & wait', process.execPath, grandchild], {
      stdio: ["ignore", "pipe", "ignore"],
      detached: true,
    });
    await once(child.stdout, "data");
    const sampler = new SystemSampler({ pid: child.pid ?? 0 });
    const sample = sampler.sample();
    assert.ok((sample.process_memory_megabytes ?? 0) > 80, JSON.stringify(sample));
    assert.ok((sample.process_cpu_percentage ?? -1) >= 0);
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await once(child, "exit");
    assert.equal(sampler.sample().process_memory_megabytes, undefined);
  });

  test("GPU values are asked in the background and given once", async (t) => {
    const PATH = nvidiaSmi(t, "echo '0, 50, 1000, 2000, 100.0, 400.0'");
    const sampler = new SystemSampler({ gpu: { env: { PATH } } });
    let sample = sampler.sample();
    while (sample.gpu_0_utilization_percentage === undefined) {
      await new Promise((resolve) => setImmediate(resolve));
      sample = sampler.sample();
    }
    assert.equal(sample.gpu_0_utilization_percentage, 50);
    assert.equal(sample.gpu_0_memory_usage_megabytes, 1048.576);
    assert.equal(sample.gpu_0_memory_usage_percentage, 50);
    assert.equal(sample.gpu_0_power_usage_percentage, 25);
    assert.equal(sampler.sample().gpu_0_utilization_percentage, undefined);
  });
});
