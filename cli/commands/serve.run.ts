import { resolve } from "node:path";
import { PROTOCOL_VERSIONS } from "../../protocol/index.js";
import { RunstoneError } from "../../store-format/index.js";
import { answerWith } from "../../sync/native/answer-peer.js";
import { answerAll } from "../../sync/native/answerer.js";
import { openDirectory, openOrMakeDirectory } from "../../sync/native/open-directory.js";
import { StorePeer } from "../../sync/native/store-peer.js";
import type { CommandContext } from "../context.js";
import { visible } from "../output/visible.js";
import { usageError } from "../parse/usage-error.js";
import { storePath } from "../store/open-place.js";
import { PROGRAM } from "../sync/open-peer.js";
import type { ServeArguments } from "./serve.js";

/** Standard output carries the protocol and nothing else; what is to be said goes to stderr. */
export async function runServe(context: CommandContext, args: ServeArguments): Promise<void> {
  if (!args.stdio) throw usageError("serve needs --stdio", "runstone serve --stdio --store DIR");
  if (process.stdin.isTTY || process.stdout.isTTY)
    throw new RunstoneError("UNSUPPORTED", "serve --stdio speaks with a program, not with a terminal", {
      hint: "Add the remote with `runstone remote add NAME ssh://host/path`; push and pull start this by themselves.",
    });
  const path = storePath(context);
  if (path === undefined) throw usageError("serve needs --store DIR", "runstone serve --stdio --store DIR");
  const peer = peerAt(context, resolve(context.cwd, path), args["read-only"]);
  const hello = { versions: PROTOCOL_VERSIONS, program: PROGRAM, capabilities: peer.capabilities };
  await answerAll({ input: process.stdin, output: process.stdout }, hello, answerWith(peer));
}

function peerAt(context: CommandContext, path: string, readOnly: boolean): StorePeer {
  const warn = (message: string): void => {
    context.err.line(`runstone: ${visible(message)}`);
    context.err.flush();
  };
  const options = { now: context.now, warn };
  return new StorePeer({
    program: PROGRAM,
    open: () => openDirectory(path, options),
    ...(readOnly ? {} : { make: () => openOrMakeDirectory(path, options) }),
  });
}
