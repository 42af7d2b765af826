import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import {
  currentHost,
  isProcessAlive,
  isSameProcessAlive,
  processIdentity,
} from "../../core/capture/process-identity.js";

const linux = process.platform === "linux";

test("this process is alive under its own identity and not under another start time", {
  skip: !linux,
}, () => {
  const self = processIdentity(process.pid);
  assert.match(self.start ?? "", /^\d+$/);
  assert.equal(isSameProcessAlive(self), true);
  assert.equal(isSameProcessAlive({ pid: self.pid, start: "1" }), false);
});

test("an unknown start time proves nothing against a living pid", () => {
  assert.equal(isSameProcessAlive({ pid: process.pid, start: null }), true);
});

test("a killed child is gone", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  await once(child, "spawn");
  const identity = processIdentity(child.pid ?? 0);
  assert.equal(isSameProcessAlive(identity), true);
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.equal(isSameProcessAlive(identity), false);
  assert.equal(isProcessAlive(identity.pid), false);
});

test("a zombie that nobody reaped counts as gone", { skip: !linux }, async () => {
  // The shell starts a child, never waits for it and becomes `sleep`, which does not reap either.
  const parent = spawn("/bin/sh", ["-c", "true & echo $!; exec sleep 60"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [chunk] = await once(parent.stdout, "data");
  const pid = Number(String(chunk).trim());
  while (processIdentity(pid).start !== null && isProcessAlive(pid)) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(isProcessAlive(pid), false);
  parent.kill("SIGKILL");
  await once(parent, "exit");
});

test("no pid that could mean a process group is ever alive", () => {
  for (const pid of [0, -1, Number.NaN, 1.5]) assert.equal(isProcessAlive(pid), false);
});

test("the host is named, and on Linux with boot and pid namespace", () => {
  const host = currentHost();
  assert.ok(host.host.length > 0);
  if (!linux) return;
  assert.match(host.bootId ?? "", /^[0-9a-f-]{36}$/);
  assert.match(host.pidNs ?? "", /^pid:\[\d+\]$/);
});
