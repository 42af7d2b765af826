/**
 * A peer at the far end of ssh: `ssh -T -- HOST runstone serve --stdio --store PATH`. ssh is started with an argument list,
 * by no shell of ours; the far shell gets one command in which the path is quoted.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { isRunstoneError, RunstoneError } from "../../store-format/index.js";
import type { ByteStreams } from "./byte-stream.js";

export interface SshPlace {
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
  /** At the far end; `~/` at its beginning is the user's home there. */
  readonly path: string;
}

export interface SshOptions {
  /** The program and its first arguments. A setting of this user, never of a workspace. Default `ssh`. */
  readonly command?: readonly string[];
  /** The program at the far end. Default `runstone`. */
  readonly farCommand?: string;
  /** Whether somebody can answer ssh's questions. */
  readonly isInteractive: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What ssh and the far end say on stderr, a line at a time, without control characters. */
  readonly onLine: (line: string) => void;
}

/** Lines of stderr that are kept to explain a failure. */
const KEPT_LINES = 20;
const LINE_BYTES = 1_000;
/** Lines of stderr that are shown; the last ones are kept all the same. */
const SHOWN_LINES = 200;
/** More characters on stderr than this are no warnings: the far end is ended. */
const MAX_SAID = 16 * 1_048_576;

/** The running ssh. `close` ends it; `explain` makes what went wrong out of its exit code and its words. */
export class SshConnection {
  readonly streams: ByteStreams;
  readonly #child: ChildProcess;
  readonly #place: SshPlace;
  readonly #said: string[] = [];
  readonly #exit: Promise<number | null>;
  #problem: Error | null = null;
  #isFlooded = false;

  private constructor(child: ChildProcess, place: SshPlace, onLine: (line: string) => void) {
    this.#child = child;
    this.#place = place;
    this.streams = { input: child.stdout!, output: child.stdin! };
    let lines = 0;
    const tell = (line: string): void => {
      this.#said.push(line);
      if (this.#said.length > KEPT_LINES) this.#said.shift();
      lines += 1;
      if (lines <= SHOWN_LINES) onLine(line);
      if (lines === SHOWN_LINES) onLine("(what it says after this is not shown)");
    };
    followLines(child.stderr!, tell, () => this.#stopFlood());
    this.#exit = new Promise((resolve) => {
      child.on("error", (error) => {
        this.#problem = error;
        resolve(null);
      });
      child.on("close", (code) => resolve(code));
    });
  }

  /** Throws INVALID_PARAMETER_VALUE for a host, user or path that ssh could take for something else. */
  static start(place: SshPlace, options: SshOptions): SshConnection {
    const [program = "ssh", ...first] = options.command ?? ["ssh"];
    const args = [...first, ...sshArguments(place, options)];
    const child = spawn(program, args, {
      stdio: ["pipe", "pipe", "pipe"],
      shell: false,
      env: { ...options.env },
    });
    return new SshConnection(child, place, options.onLine);
  }

  /** Waits for its end and tells the reason of a failure in better words, where the exit code or stderr knows them. */
  async explain(error: unknown): Promise<unknown> {
    if (!isRunstoneError(error, "REMOTE_UNREACHABLE")) return error;
    if (error.data["silent"] === true) {
      // It may not even notice that nobody asks any more.
      this.#stop();
      return error;
    }
    this.#child.stdin?.destroy();
    const code = await this.#exit;
    const ending = { code, said: this.#said, problem: this.#problem, isFlooded: this.#isFlooded };
    return explanation(this.#place, ending) ?? error;
  }

  #stopFlood(): void {
    this.#isFlooded = true;
    this.#stop();
  }

  #stop(): void {
    this.#child.stderr?.destroy();
    this.#child.stdout?.destroy();
    this.#child.kill("SIGKILL");
  }

  /** Closes the pipe and waits until ssh is gone. */
  async close(): Promise<void> {
    this.#child.stdin?.destroy();
    this.#child.stdout?.destroy();
    await this.#exit;
  }
}

/** What follows the program's name. Throws INVALID_PARAMETER_VALUE. */
export function sshArguments(
  place: SshPlace,
  { farCommand = "runstone", isInteractive }: Pick<SshOptions, "farCommand" | "isInteractive">,
): readonly string[] {
  const { host, user, port, path } = place;
  assertName(
    "host",
    host,
    /^(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?|\[?[0-9A-Fa-f:.]+(?:%[A-Za-z0-9]+)?\]?)$/,
  );
  if (user !== undefined) assertName("user", user, /^[A-Za-z0-9_][A-Za-z0-9._-]*\$?$/);
  assertName("path", path, /^[^\p{Cc}]+$/u);
  const batch = isInteractive ? [] : ["-o", "BatchMode=yes"];
  const alive = ["-o", "ServerAliveInterval=30"];
  const login = user === undefined ? [] : ["-l", user];
  const at = port === undefined ? [] : ["-p", String(port)];
  const command = `${farCommand} serve --stdio --store ${quoted(path)}`;
  return ["-T", ...batch, ...alive, ...at, ...login, "--", host.replace(/^\[(.*)\]$/, "$1"), command];
}

function assertName(what: string, value: string, form: RegExp): void {
  if (form.test(value) && !value.startsWith("-")) return;
  throw new RunstoneError(
    "INVALID_PARAMETER_VALUE",
    `${JSON.stringify(value)} is no ${what} that ssh can be given`,
    {
      hint: "Write ssh://user@host:port/path; other settings of the connection belong into ~/.ssh/config.",
      data: { [what]: value },
    },
  );
}

/** One word of a POSIX shell; `~/` stays outside, so that the far shell knows the home. */
function quoted(path: string): string {
  if (path === "~") return "~";
  const isHome = path.startsWith("~/");
  const rest = isHome ? path.slice(2) : path;
  return `${isHome ? "~/" : ""}'${rest.replaceAll("'", "'\\''")}'`;
}

interface Ending {
  readonly code: number | null;
  readonly said: readonly string[];
  readonly problem: Error | null;
  readonly isFlooded: boolean;
}

function explanation(
  { host }: SshPlace,
  { code, said, problem, isFlooded }: Ending,
): RunstoneError | undefined {
  const words = said.join("\n");
  const data = { host, exitCode: code, stderr: words };
  if (problem !== null)
    return new RunstoneError("REMOTE_UNREACHABLE", `ssh cannot be started: ${problem.message}`, {
      hint: "Install OpenSSH's client, or name another program in RUNSTONE_SSH_COMMAND.",
      data,
      cause: problem,
    });
  if (isFlooded)
    return new RunstoneError(
      "REMOTE_FAILED",
      `the far end on ${host} writes to stderr without end${lastOf(said)}`,
      {
        hint: `See what it says: ssh ${host} runstone --version`,
        data,
      },
    );
  if (code === 127 || /command not found|not recognized as/.test(words))
    return new RunstoneError(
      "UNSUPPORTED",
      `runstone is not installed on ${host}, or not on the PATH of its ssh sessions`,
      {
        hint: `Install it there (npm install --global runstone) and check with: ssh ${host} runstone --version`,
        data,
      },
    );
  if (/unknown command|Unknown command|no command/i.test(words))
    return new RunstoneError("UNSUPPORTED", `the runstone on ${host} is too old: it has no \`serve\``, {
      hint: `Upgrade it there; it is: ssh ${host} runstone --version`,
      data,
    });
  if (code === 255)
    return new RunstoneError("REMOTE_UNREACHABLE", `ssh could not connect to ${host}${lastOf(said)}`, {
      hint: `Try it by hand: ssh ${host} true`,
      data,
    });
  if (said.length === 0 && code === null) return undefined;
  if (said.length === 0)
    return new RunstoneError("REMOTE_UNREACHABLE", `the far end on ${host} stopped with exit code ${code}`, {
      hint: `Try again: what has arrived there is not sent twice. If it stops again, see: ssh ${host} runstone --version`,
      data,
    });
  return new RunstoneError("REMOTE_UNREACHABLE", `the far end on ${host} stopped${lastOf(said)}`, {
    hint: "Try again: what has arrived there is not sent twice.",
    data,
  });
}

function lastOf(said: readonly string[]): string {
  const last = said.at(-1);
  return last === undefined ? "" : `: ${last}`;
}

function followLines(
  stream: NodeJS.ReadableStream,
  onLine: (line: string) => void,
  onFlood: () => void,
): void {
  let rest = "";
  let length = 0;
  const tell = (line: string): void => {
    const shown = line.replace(/[\p{Cc}]/gu, (found) => (found === "\t" ? " " : "?")).slice(0, LINE_BYTES);
    if (shown.trim() !== "") onLine(shown);
  };
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    length += text.length;
    if (length > MAX_SAID) return onFlood();
    const lines = (rest + text.replaceAll("\r", "")).split("\n");
    rest = lines.pop()!.slice(0, LINE_BYTES);
    for (const line of lines) tell(line);
  });
  stream.on("end", () => tell(rest));
  stream.on("error", () => undefined);
}
