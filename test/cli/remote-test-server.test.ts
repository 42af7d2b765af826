/** `remote test` does not take whatever answers for an MLflow server. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { BINARY, newDirectory } from "./program.js";

test("a server that answers {} to everything is no MLflow server, and that is said once", async (t) => {
  const server = createServer((asked, answer) => {
    asked.resume();
    answer.setHeader("content-type", "application/json").end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { run, directory } = newDirectory(t);
  const env = { HOME: directory, XDG_CONFIG_HOME: `${directory}/config` };
  assert.equal(run(["init"], { env }).status, 0);
  const { port } = server.address() as AddressInfo;
  assert.equal(run(["remote", "add", "odd", `http://127.0.0.1:${port}`], { env }).status, 0);
  const child = spawn(process.execPath, [BINARY, "remote", "test", "odd"], {
    cwd: directory,
    env: { ...process.env, ...env },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (said += String(bytes)));
  const [status] = await once(child, "close");
  assert.equal(status, 10, said);
  assert.equal(said.match(/not as an MLflow server does/g)?.length, 1, said);
});
