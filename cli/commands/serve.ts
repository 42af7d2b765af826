import { type ArgumentsOf, defineCommand, type Options } from "../command.js";

const options = {
  stdio: { type: "boolean", describe: "Speak over standard input and output" },
  "read-only": { type: "boolean", describe: "Take nothing: runs can only be pulled" },
} as const satisfies Options;

export type ServeArguments = ArgumentsOf<typeof options>;

export const serve = defineCommand({
  name: "serve",
  describe: "Answer a runstone at the other end of ssh",
  options,
  examples: [
    {
      line: "runstone serve --stdio --store /data/lab",
      describe: "What `ssh://host/data/lab` starts on the host",
    },
  ],
  details:
    'Nobody types this: `runstone push` and the others start it through ssh (PROTOCOL.md has what is spoken). --store is a workspace, an mlruns directory, or a new directory, which the first push makes a workspace. In authorized_keys, command="runstone serve --stdio --store /data/lab" keeps a key to that store.',
  load: async () => (await import("./serve.run.js")).runServe,
});
