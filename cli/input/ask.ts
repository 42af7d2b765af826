/** Questions at a terminal, asked on stderr. */
import { createInterface } from "node:readline/promises";
import { usageError } from "../parse/usage-error.js";

/** The answer, which is seen while it is typed. Throws USAGE when the input ends instead. */
export async function askPlainly(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<never>((_, reject) => {
    lines.once("close", () => reject(usageError("no answer was given")));
    lines.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  });
  try {
    return (await Promise.race([lines.question(question), ended])).trim();
  } finally {
    ended.catch(() => undefined);
    lines.close();
  }
}

const [INTERRUPT, END, CLEAR, LF, CR] = ["\x03", "\x04", "\x15", "\n", "\r"];
const ERASE = ["\x08", "\x7f"];

/** The answer, of which nothing is shown. Throws USAGE when the input ends instead. */
export async function askSecretly(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stdin.setRawMode(true);
  stdin.setEncoding("utf8").resume();
  // Not before the terminal is silent: who is asked may type at once.
  stderr.write(question);
  try {
    return await readSecret(stdin);
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write("\n");
  }
}

function readSecret(stdin: NodeJS.ReadStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed: string[] = [];
    const done = (finish: () => void) => {
      stdin.off("data", onData).off("end", onEnd);
      finish();
    };
    const onEnd = () => done(() => reject(usageError("no answer was given")));
    const onData = (text: string) => {
      for (const character of text) {
        if (character === CR || character === LF) return done(() => resolve(typed.join("")));
        if (character === INTERRUPT) {
          stdin.setRawMode(false);
          return process.kill(process.pid, "SIGINT");
        }
        if (character === END) return onEnd();
        if (character === CLEAR) typed = [];
        else if (ERASE.includes(character)) typed.pop();
        else typed.push(character);
      }
    };
    stdin.on("data", onData).once("end", onEnd);
  });
}
