import { type ArgumentsOf, type Command, defineCommand, type Options, type Positionals } from "../command.js";

const positionals = {
  remote: { describe: "the remote's name; default: the only one" },
} as const satisfies Positionals;

const loginPositionals = {
  ...positionals,
  program: { variadic: true, describe: "with --command: the program to ask, after --, and its arguments" },
} as const satisfies Positionals;

const options = {
  username: { type: "string", value: "NAME", describe: "Log in with a password, as this user" },
  "token-stdin": { type: "boolean", describe: "Read a token from standard input" },
  "password-stdin": { type: "boolean", describe: "Read the password from standard input (with --username)" },
  command: {
    type: "boolean",
    describe:
      "Ask a program each time, given after --: it prints a token, or JSON with token or username and password",
  },
} as const satisfies Options;
export type LoginArguments = ArgumentsOf<typeof options, typeof loginPositionals>;
export type LogoutArguments = ArgumentsOf<Record<never, never>, typeof positionals>;

export const login: Command = defineCommand({
  name: "login",
  describe: "Keep a password or token for a remote, for you alone",
  positionals: loginPositionals,
  options,
  examples: [
    { line: "runstone login lab", describe: "Asks for user name and password, or a token" },
    { line: "runstone login lab --token-stdin < token.txt", describe: "In a script" },
    { line: "runstone login lab --command -- pass show mlflow/lab", describe: "Kept by another program" },
  ],
  details:
    "Kept outside the workspace, in credentials.yaml of your configuration directory with mode 0600, and sent only to the address that you confirmed. MLFLOW_TRACKING_USERNAME, _PASSWORD and _TOKEN go before it when MLFLOW_TRACKING_URI names this server.",
  load: async () => (await import("./login.run.js")).runLogin,
});

export const logout: Command = defineCommand({
  name: "logout",
  describe: "Forget the password or token for a remote",
  positionals,
  load: async () => (await import("./login.run.js")).runLogout,
});
