/**
 * The far end of a pipe: answers on its standard streams for the store in a directory, and kills itself at one file operation.
 * Prints `ops <n>` on stderr at the end. Argument: a {@link NativeServeTask} as JSON.
 */
import { writeSync } from "node:fs";
import { intercept } from "../../core/fs/index.js";
import { PROTOCOL_VERSIONS } from "../../protocol/index.js";
import { answerWith } from "../../sync/native/answer-peer.js";
import { answerAll } from "../../sync/native/answerer.js";
import { isChanging } from "./changing-operations.js";
import { directoryPeer } from "./native-peers.js";

export interface NativeServeTask {
  readonly directory: string;
  /** Counted from 0 over the operations that change something, reads too with `everyOperation`. Absent: no crash. */
  readonly at?: number;
  /** A pull changes nothing at the far end: it dies at what it reads. */
  readonly everyOperation?: boolean;
}

async function main({ directory, at, everyOperation = false }: NativeServeTask): Promise<void> {
  let operations = 0;
  intercept({
    after(operation) {
      if (!everyOperation && !isChanging(operation)) return;
      if (operations === at) process.kill(process.pid, "SIGKILL");
      operations += 1;
    },
  });
  const peer = directoryPeer(directory);
  const hello = { versions: PROTOCOL_VERSIONS, program: "far", capabilities: peer.capabilities };
  await answerAll({ input: process.stdin, output: process.stdout }, hello, answerWith(peer));
  writeSync(2, `ops ${operations}\n`);
  process.exit(0);
}

await main(JSON.parse(process.argv[2] ?? "") as NativeServeTask);
