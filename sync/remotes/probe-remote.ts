/** What `remote test` finds out, without changing anything there. */
import { dirname } from "node:path";
import { findProgram } from "../../core/capture/find-program.js";
import { runProgram } from "../../core/capture/run-program.js";
import { followedStatIfExists, freeSpace, isWritablePath } from "../../core/fs/index.js";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import type { HttpClient } from "../http/index.js";
import type { DirectoryAddress, SshAddress } from "./address.js";
import { httpSettingsOf } from "./http-settings.js";
import type { OpenedRemote } from "./open-remote.js";
import { openByKind } from "./openers.js";
import type { Environment } from "./private-settings.js";

export interface Finding {
  /** What was looked at: `reachable`, `version`, `credentials`, `writable`, ... */
  readonly what: string;
  /** null: it could not be told without changing something. */
  readonly good: boolean | null;
  readonly words: string;
}

/** Findings in their order; the first bad one is the last. Throws what is no finding (bad settings, bugs). */
export async function probeRemote(remote: OpenedRemote, env: Environment): Promise<readonly Finding[]> {
  return openByKind<readonly Finding[]>(remote, {
    mlflow: probeServer,
    directory: async ({ address }) => probeDirectory(address as DirectoryAddress),
    ssh: ({ address }) => probeSsh(address as SshAddress, env),
  });
}

async function probeServer(remote: OpenedRemote): Promise<readonly Finding[]> {
  const { HttpClient } = await import("../http/index.js");
  const client = new HttpClient({ ...(await httpSettingsOf(remote)), maxRetries: 0, timeoutMs: 15_000 });
  try {
    return await probeMlflow(client, remote);
  } finally {
    await client.destroy();
  }
}

async function probeMlflow(client: HttpClient, remote: OpenedRemote): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  const search = await attempt(() =>
    client.json({
      method: "POST",
      path: "/api/2.0/mlflow/experiments/search",
      endpoint: "POST mlflow/experiments/search",
      body: { max_results: 1 },
    }),
  );
  if (isRunstoneError(search, "REMOTE_UNREACHABLE"))
    return [{ what: "reachable", good: false, words: search.message }];
  found.push({ what: "reachable", good: true, words: `${client.origin} answers` });
  const version = await versionOf(client);
  found.push(version);
  // A server without any experiment may leave out the list; then its version tells what it is.
  if (!(search instanceof RunstoneError) && !Array.isArray(search["experiments"]) && version.good !== true)
    return [...found, { what: "api", good: false, words: "it answers, and not as an MLflow server does" }];
  found.push(...credentialsFinding(search, remote));
  if (search instanceof RunstoneError) return found;
  found.push({
    what: "writable",
    good: null,
    words: "experiments can be listed; whether runs can be made shows when one is: nothing is made to try it",
  });
  return found;
}

/** `/version` is text; servers behind a gateway may not have it. */
async function versionOf(client: HttpClient): Promise<Finding> {
  const answer = await attempt(async () => {
    const download = await client.download({ method: "GET", path: "/version", endpoint: "GET version" });
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of download.body) {
      pieces.push(piece);
      size += piece.length;
      if (size > 256) break;
    }
    return Buffer.concat(pieces).toString("utf8").trim();
  });
  if (typeof answer === "string" && /^\d+(?:\.\w+)+$/.test(answer))
    return { what: "version", good: true, words: `MLflow ${answer}` };
  return { what: "version", good: null, words: "the server does not tell its version" };
}

function credentialsFinding(
  search: object | RunstoneError,
  { credentialSource, name }: OpenedRemote,
): readonly Finding[] {
  const from = {
    environment: "of the environment",
    login: "of runstone login",
    command: "of the credential command",
  };
  if (!(search instanceof RunstoneError))
    return [
      {
        what: "credentials",
        good: true,
        words:
          credentialSource === "none"
            ? "none, and none are asked for"
            : `the credentials ${from[credentialSource]} are accepted`,
      },
    ];
  const isRefused =
    search.code === "UNAUTHENTICATED" || search.code === "PERMISSION_DENIED" || search.data["status"] === 403;
  if (!isRefused) return [{ what: "api", good: false, words: search.message }];
  const words =
    credentialSource === "none"
      ? `none are set, and the server wants some: runstone login ${name}`
      : `the credentials ${from[credentialSource]} were sent, and the server refuses them`;
  return [{ what: "credentials", good: false, words }];
}

async function attempt<Result>(call: () => Promise<Result>): Promise<Result | RunstoneError> {
  try {
    return await call();
  } catch (error) {
    if (isRunstoneError(error)) return error;
    throw error;
  }
}

function probeDirectory({ path }: DirectoryAddress): readonly Finding[] {
  const there = followedStatIfExists(path);
  if (there !== null && there.kind !== "directory")
    return [{ what: "reachable", good: false, words: `${path} is no directory` }];
  const nearest = there === null ? nearestAbove(path) : path;
  const writable = isWritablePath(nearest);
  return [
    there === null
      ? { what: "reachable", good: null, words: `${path} is not there yet; the first push makes it` }
      : { what: "reachable", good: true, words: `${path} is there` },
    {
      what: "writable",
      good: writable,
      words: writable ? "you may write there" : `you may not write in ${nearest}`,
    },
    {
      what: "space",
      good: freeSpace(nearest) > 0,
      words: `${(freeSpace(nearest) / 2 ** 30).toFixed(1)} GiB are free`,
    },
  ];
}

function nearestAbove(path: string): string {
  const above = dirname(path);
  return above === path || followedStatIfExists(above)?.kind === "directory" ? above : nearestAbove(above);
}

const SSH_TIMEOUT_MS = 30_000;

async function probeSsh(address: SshAddress, env: Environment): Promise<readonly Finding[]> {
  const file = findProgram("ssh", env);
  if (file === null) return [{ what: "reachable", good: false, words: "ssh is not on the PATH" }];
  const done = await runProgram({
    file,
    args: sshArguments(address, "runstone --version"),
    cwd: "/",
    env: definedIn(env),
    timeoutMs: SSH_TIMEOUT_MS,
    maxBytes: 4096,
  });
  const said = done.stderr.trim().split("\n").at(-1) ?? "";
  if (done.exitCode === 255 || done.exitCode === null)
    return [{ what: "reachable", good: false, words: `ssh could not connect to ${address.host}: ${said}` }];
  const reachable: Finding = { what: "reachable", good: true, words: `${address.host} lets you in` };
  const version = /^\d+\.\d+\.\d+\S*$/m.exec(done.stdout.toString("utf8"))?.[0];
  if (done.exitCode !== 0 || version === undefined)
    return [reachable, { what: "version", good: false, words: `runstone is not on the PATH there: ${said}` }];
  return [reachable, { what: "version", good: true, words: `runstone ${version}` }];
}

/** Without questions: what needs a password says so. */
function sshArguments({ host, user, port }: SshAddress, command: string): readonly string[] {
  const login = user === undefined ? [] : ["-l", user];
  const at = port === undefined ? [] : ["-p", String(port)];
  return ["-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20", ...at, ...login, "--", host, command];
}

function definedIn(env: Environment): Readonly<Record<string, string>> {
  const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(set);
}
