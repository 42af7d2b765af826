import { RunstoneError } from "../../store-format/index.js";
import { openRemote } from "../../sync/remotes/open-remote.js";
import { type Finding, probeRemote } from "../../sync/remotes/probe-remote.js";
import { defaultRemote } from "../../sync/remotes/read-remotes.js";
import type { CommandContext } from "../context.js";
import { printJsonObject } from "../output/print-json.js";
import { visible } from "../output/visible.js";
import { workspaceOfRemotes } from "../sync/workspace.js";
import type { NamedArguments } from "./remote.js";

export async function runTest(context: CommandContext, args: NamedArguments): Promise<void> {
  const workspace = workspaceOfRemotes(context);
  const name = args.name ?? defaultRemote(workspace);
  const remote = openRemote({
    workspace,
    name,
    env: context.env,
    warn: (message) => context.err.line(`runstone: ${visible(message)}`),
  });
  const findings = await probeRemote(remote, context.env);
  if (context.json) printJsonObject(context, { name, url: remote.address.text, findings });
  else for (const finding of findings) context.out.line(lineOf(finding));
  const bad = findings.find(({ good }) => good === false);
  if (bad !== undefined) throw failureOf(name, bad);
}

const MARKS = { true: "ok", false: "NO", null: "?" } as const;

function lineOf({ what, good, words }: Finding): string {
  return `${MARKS[`${good}`].padEnd(3)} ${what}: ${visible(words)}`;
}

/** The exit code says what kind of failure it is. */
function failureOf(name: string, { what }: Finding): RunstoneError {
  const code =
    what === "credentials"
      ? "UNAUTHENTICATED"
      : what === "writable"
        ? "PERMISSION_DENIED"
        : "REMOTE_UNREACHABLE";
  return new RunstoneError(code, `the remote ${name} cannot be used: see its line ${what}`, {
    data: { remote: name, what },
  });
}
