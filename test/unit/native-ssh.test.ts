/** What is told when the far end of ssh is not what it should be: another release, no Runstone, nothing at all, or noise. */
import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { serializeFrameHead } from "../../protocol/index.js";
import { type ErrorCode, RunstoneError } from "../../store-format/index.js";
import { greetingTimeoutMs } from "../../sync/http/timings.js";
import { openFarPeer } from "../../sync/native/far-peer.js";
import { SshConnection } from "../../sync/native/ssh.js";
import { temporaryDirectory } from "../helpers/new-store.js";

interface Met {
  readonly error: RunstoneError;
  readonly lines: readonly string[];
}

/** Speaks with a stand-in for ssh, which is a shell script. */
async function meet(t: TestContext, script: string): Promise<Met> {
  const path = join(temporaryDirectory(t), "ssh");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  const lines: string[] = [];
  const connection = SshConnection.start(
    { host: "node17", path: "/lab" },
    { command: [path], isInteractive: false, env: process.env, onLine: (line) => lines.push(line) },
  );
  try {
    await openFarPeer({ streams: connection.streams, program: "near" });
  } catch (error) {
    const explained = await connection.explain(error);
    assert.ok(explained instanceof RunstoneError, String(explained));
    return { error: explained, lines };
  } finally {
    await connection.close();
  }
  throw new Error("it was taken for a peer");
}

/** A script that says hello with these versions and reads on. */
function greeting(versions: readonly number[], program = "runstone 9.0.0"): string {
  const header = { runstone: "sync", versions, program, capabilities: ["write"] };
  const frame = Buffer.from(serializeFrameHead({ kind: "hello", request: 0, header }, 0));
  const octal = [...frame].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
  return `printf '${octal}'\ncat > /dev/null`;
}

interface Case {
  readonly script: string;
  readonly code: ErrorCode;
  readonly message: RegExp;
  readonly hint: RegExp;
}

const CASES: Readonly<Record<string, Case>> = {
  "a newer release": {
    script: greeting([2, 3]),
    code: "UNSUPPORTED",
    message: /\(runstone 9\.0\.0\) speaks version 2, 3 of the protocol, this one 1$/,
    hint: /upgrade runstone here/,
  },
  "an older release": {
    script: greeting([0], "runstone 0.0.1"),
    code: "UNSUPPORTED",
    message: /\(runstone 0\.0\.1\) speaks version 0 /,
    hint: /upgrade runstone there/,
  },
  "a release without serve": {
    script: "echo \"runstone: unknown command 'serve'\" >&2; exit 2",
    code: "UNSUPPORTED",
    message: /the runstone on node17 is too old/,
    hint: /Upgrade it there/,
  },
  "no runstone": {
    script: "echo 'sh: runstone: not found' >&2; exit 127",
    code: "UNSUPPORTED",
    message: /runstone is not installed on node17/,
    hint: /npm install --global runstone/,
  },
  "a message of the day before the protocol": {
    script: `printf 'Welcome to \\033[1mnode17\\033[0m\\nLast login: today\\n'\n${greeting([1])}`,
    code: "REMOTE_FAILED",
    message: /sent text instead of the protocol: Welcome to \?\[1mnode17\?\[0m$/,
    hint: /start-up files .* must print nothing/,
  },
  "a shell that answers itself": {
    script: "echo 'This account is restricted.'; exit 1",
    code: "REMOTE_FAILED",
    message: /sent text instead of the protocol: This account is restricted\.$/,
    hint: /start-up files/,
  },
  "another program's frames": {
    script: "printf '\\000\\000\\000\\011\\005\\000\\000\\000\\001\\000\\000\\000\\000'; cat > /dev/null",
    code: "REMOTE_FAILED",
    message: /no hello/,
    hint: /./,
  },
  "an end at once": {
    script: "exit 0",
    code: "REMOTE_UNREACHABLE",
    message: /the far end on node17 stopped with exit code 0$/,
    hint: /ssh node17 runstone --version/,
  },
  "an end at once with a reason": {
    script: "echo 'cannot allocate memory' >&2; exit 1",
    code: "REMOTE_UNREACHABLE",
    message: /the far end on node17 stopped: cannot allocate memory$/,
    hint: /Try again/,
  },
  "no connection": {
    script: "echo 'ssh: connect to host node17 port 22: Connection refused' >&2; exit 255",
    code: "REMOTE_UNREACHABLE",
    message: /ssh could not connect to node17: .*Connection refused$/,
    hint: /ssh node17 true/,
  },
};

for (const [name, { script, code, message, hint }] of Object.entries(CASES))
  test(`the far end is ${name}`, async (t) => {
    const { error } = await meet(t, script);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    assert.match(error.hint ?? "", hint);
  });

for (const [name, words] of Object.entries({ lines: "yes noise", "one line": "cat /dev/zero" }))
  test(`the far end writes to stderr without end: ${name}`, async (t) => {
    const { error, lines } = await meet(t, `exec ${words} >&2`);
    assert.equal(error.code, "REMOTE_FAILED", error.message);
    assert.match(error.message, /the far end on node17 writes to stderr without end/);
    assert.match(error.hint ?? "", /ssh node17/);
    assert.ok(lines.length <= 201, `${lines.length} lines were shown`);
  });

test("a program that cannot be started is told with the setting that names it", async () => {
  const connection = SshConnection.start(
    { host: "node17", path: "/lab" },
    { command: ["/nowhere/ssh"], isInteractive: false, env: process.env, onLine: () => undefined },
  );
  const failure = await openFarPeer({ streams: connection.streams, program: "near" }).catch(
    (error: unknown) => error,
  );
  const error = await connection.explain(failure);
  await connection.close();
  assert.ok(error instanceof RunstoneError);
  assert.match(error.message, /ssh cannot be started/);
  assert.match(error.hint ?? "", /RUNSTONE_SSH_COMMAND/);
});

/** A clock on which the time has come at once; it writes down how long it was asked to wait. */
function hastyClock(): { readonly waits: number[]; sleep(ms: number): Promise<void> } {
  const waits: number[] = [];
  return { waits, sleep: async (ms) => void waits.push(ms) };
}

test("a far end that stays silent is given up, though it does not notice", async (t) => {
  const path = join(temporaryDirectory(t), "ssh");
  writeFileSync(path, "#!/bin/sh\ntrap '' TERM PIPE HUP\nexec tail -f /dev/null\n");
  chmodSync(path, 0o755);
  const connection = SshConnection.start(
    { host: "node17", path: "/lab" },
    { command: [path], isInteractive: false, env: process.env, onLine: () => undefined },
  );
  const clock = hastyClock();
  const patience = { timeoutMs: 60_000, clock };
  const failure = await openFarPeer({ streams: connection.streams, program: "near", patience }).catch(
    (error: unknown) => error,
  );
  const error = await connection.explain(failure);
  await connection.close();
  assert.deepEqual(clock.waits, [60_000]);
  assert.ok(error instanceof RunstoneError);
  assert.equal(error.code, "REMOTE_UNREACHABLE");
  assert.match(error.message, /^the far end said nothing for 60 s$/);
  assert.match(error.hint ?? "", /RUNSTONE_SSH_TIMEOUT/);
});

test("who says hello in time is not given up later", async (t) => {
  let waited: AbortSignal | undefined;
  const clock = {
    sleep: (_ms: number, signal?: AbortSignal) =>
      new Promise<void>((_resolve, reject) => {
        waited = signal;
        signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      }),
  };
  const path = join(temporaryDirectory(t), "ssh");
  writeFileSync(path, `#!/bin/sh\n${greeting([1])}\n`);
  chmodSync(path, 0o755);
  const connection = SshConnection.start(
    { host: "node17", path: "/lab" },
    { command: [path], isInteractive: false, env: process.env, onLine: () => undefined },
  );
  const patience = { timeoutMs: 60_000, clock };
  const peer = await openFarPeer({ streams: connection.streams, program: "near", patience });
  assert.equal(waited?.aborted, true);
  await peer.close();
  await connection.close();
});

test("the time for the hello is a setting, in seconds", () => {
  assert.equal(greetingTimeoutMs({}), 60_000);
  assert.equal(greetingTimeoutMs({ RUNSTONE_SSH_TIMEOUT: "2.5" }), 2_500);
  assert.throws(
    () => greetingTimeoutMs({ RUNSTONE_SSH_TIMEOUT: "soon" }),
    /RUNSTONE_SSH_TIMEOUT holds no number/,
  );
});
