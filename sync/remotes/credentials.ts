/** From a login to what is sent: a program is asked, and what it prints is looked at. */
import { isAbsolute } from "node:path";
import { findProgram } from "../../core/capture/find-program.js";
import { runProgram } from "../../core/capture/run-program.js";
import { RunstoneError } from "../../store-format/index.js";
import type { Environment, Login } from "./private-settings.js";

/** As the HTTP client takes them. */
export type Credentials =
  | { readonly kind: "none" }
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | { readonly kind: "bearer"; readonly token: string };

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT = 64 * 1024;

/** Throws UNAUTHENTICATED when the program fails or prints nothing that can be used; never says what it printed. */
export async function credentialsOf(login: Login, env: Environment, cwd: string): Promise<Credentials> {
  return login.kind === "command" ? fromCommand(login.command, env, cwd) : login;
}

async function fromCommand(command: readonly string[], env: Environment, cwd: string): Promise<Credentials> {
  const [program = "", ...args] = command;
  const file = isAbsolute(program) ? program : findProgram(program, env);
  if (file === null) throw failed(program, "is not on the PATH");
  const { stdout, exitCode, truncated } = await start({ file, args, cwd, env }, program);
  if (exitCode !== 0) throw failed(program, `ended with exit code ${exitCode}`);
  const found = truncated ? undefined : parseCredentials(stdout.toString("utf8"));
  if (found === undefined)
    throw failed(program, "printed neither a token nor a JSON object with token, or username and password");
  return found;
}

interface Start {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Environment;
}

async function start({ file, args, cwd, env }: Start, program: string) {
  const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  try {
    return await runProgram({
      file,
      args,
      cwd,
      env: Object.fromEntries(set),
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_OUTPUT,
    });
  } catch (error) {
    throw failed(program, error instanceof Error ? error.message : String(error));
  }
}

/** A token alone on its line, or a JSON object. Undefined for anything else. */
export function parseCredentials(output: string): Credentials | undefined {
  const text = output.trim();
  if (!text.startsWith("{")) return isSendable(text) ? { kind: "bearer", token: text } : undefined;
  const { token, username, password } = membersOf(text);
  if (typeof token === "string") return isSendable(token) ? { kind: "bearer", token } : undefined;
  if (typeof username !== "string" || typeof password !== "string") return undefined;
  return { kind: "basic", username, password };
}

function membersOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

/** What a header can carry: printable ASCII without blanks. */
export function isSendable(token: string): boolean {
  return /^[!-~]+$/.test(token);
}

function failed(program: string, why: string): RunstoneError {
  return new RunstoneError("UNAUTHENTICATED", `the credential command ${program} ${why}`, {
    hint: "Run it by hand, or log in anew with `runstone login`.",
    data: { program },
  });
}
