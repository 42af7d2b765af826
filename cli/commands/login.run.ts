import { RunstoneError } from "../../store-format/index.js";
import { isLoopback } from "../../sync/http/target.js";
import { isSendable } from "../../sync/remotes/credentials.js";
import { trustIn, untrusted } from "../../sync/remotes/open-remote.js";
import {
  changePrivateRemote,
  type Login,
  type PrivateRemote,
  privateDirectoryOf,
} from "../../sync/remotes/private-settings.js";
import { defaultRemote, readRemote } from "../../sync/remotes/read-remotes.js";
import type { RemoteSettings } from "../../sync/remotes/settings.js";
import type { CommandContext } from "../context.js";
import { askPlainly, askSecretly } from "../input/ask.js";
import { readAllBytes } from "../input/lines.js";
import { visible } from "../output/visible.js";
import { usageError } from "../parse/usage-error.js";
import { workspaceOfRemotes } from "../sync/workspace.js";
import type { LoginArguments, LogoutArguments } from "./login.js";

export async function runLogin(context: CommandContext, args: LoginArguments): Promise<void> {
  const workspace = workspaceOfRemotes(context);
  const settings = readRemote(workspace, args.remote ?? defaultRemote(workspace));
  const { name, address } = settings;
  if (address.kind !== "mlflow")
    throw new RunstoneError("UNSUPPORTED", `${name} needs no login of ours: it is ${address.text}`, {
      hint:
        address.kind === "ssh"
          ? "ssh has its own keys and passwords."
          : "The file system decides who may write.",
      data: { remote: name },
    });
  const trust = trustIn(settings, { workspace, env: context.env });
  if (!trust.isConfirmed) throw untrusted(settings, trust);
  const login = await loginFrom(context, args, settings);
  assertPrivateWay(settings, trust.own);
  changePrivateRemote(directoryOf(context), { workspace, name }, () => ({
    ...(trust.own ?? { confirmed: address.origin, insecureTls: false, plainHttp: false }),
    login,
  }));
  context.err.line(`logged in to ${name}: ${visible(address.origin)}; runstone remote test ${name} tries it`);
}

/** A password is not asked for what could not be sent. */
function assertPrivateWay({ name, address }: RemoteSettings, own: PrivateRemote | null): void {
  const url = new URL(address.origin);
  if (url.protocol === "https:" || isLoopback(url.hostname) || own?.plainHttp === true) return;
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `a password or token for ${address.origin} would be sent where everybody on the way can read it`,
    {
      hint: `Use an https: address, or allow it for a network you trust: runstone remote set ${name} --plain-http yes`,
      data: { remote: name },
    },
  );
}

async function loginFrom(
  context: CommandContext,
  args: LoginArguments,
  { name, address }: RemoteSettings,
): Promise<Login> {
  const { username } = args;
  assertOneWay(args);
  if (!args.command && args.program.length > 0)
    throw usageError(`unexpected argument '${visible(args.program[0]!)}'`);
  if (args.command) return commandLogin(args);
  if (args["token-stdin"]) return tokenLogin(await secretFromInput());
  if (args["password-stdin"]) {
    if (username === undefined) throw usageError("--password-stdin needs --username");
    return passwordLogin(username, await secretFromInput());
  }
  if (process.stdin.isTTY !== true || !context.err.isTerminal)
    throw usageError(
      "there is no terminal to ask for a password or token",
      `Give it on standard input: runstone login ${name} --token-stdin`,
    );
  context.err.line(`Log in to ${name}: ${visible(address.origin)}`);
  const user = username ?? (await askPlainly("User name (empty for a token): "));
  return user === ""
    ? tokenLogin(await askSecretly("Token: "))
    : passwordLogin(user, await askSecretly("Password: "));
}

function assertOneWay(args: LoginArguments): void {
  const ways = (["command", "token-stdin", "password-stdin"] as const).filter((way) => args[way]);
  if (ways.length > 1) throw usageError(`--${ways[0]} and --${ways[1]} exclude each other`);
  if (args.username !== undefined && (args.command || args["token-stdin"]))
    throw usageError(`--username goes with a password, not with --${ways[0]}`);
}

function commandLogin({ program }: LoginArguments): Login {
  if (program.length > 0) return { kind: "command", command: program };
  throw usageError(
    "no program is given",
    "Name the remote, too, and put the program after --: runstone login lab --command -- pass show lab",
  );
}

function tokenLogin(token: string): Login {
  if (isSendable(token)) return { kind: "bearer", token };
  throw usageError(
    token === "" ? "the token is empty" : "the token holds blanks or characters that cannot be sent",
    "Give the token alone.",
  );
}

function passwordLogin(username: string, password: string): Login {
  if (/[:\p{Cc}]/u.test(username)) throw usageError("a user name holds no colon and no control characters");
  if (/\p{Cc}/u.test(password)) throw usageError("the password holds control characters");
  return { kind: "basic", username, password };
}

/** A line end at the end is not part of it. */
async function secretFromInput(): Promise<string> {
  const bytes = await readAllBytes(process.stdin);
  return Buffer.from(bytes)
    .toString("utf8")
    .replace(/\r?\n$/, "");
}

export function runLogout(context: CommandContext, args: LogoutArguments): void {
  const workspace = workspaceOfRemotes(context);
  const name = args.remote ?? defaultRemote(workspace);
  let was = false;
  changePrivateRemote(directoryOf(context), { workspace, name }, (now) => {
    was = now?.login != null;
    return now === null ? null : { ...now, login: null };
  });
  context.err.line(was ? `logged out of ${visible(name)}` : `there was no login for ${visible(name)}`);
}

function directoryOf({ env }: CommandContext): string | null {
  return privateDirectoryOf(env, process.platform);
}
