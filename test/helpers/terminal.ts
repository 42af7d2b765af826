/** Programs in a terminal of their own (a pseudo terminal of Python's), and what its screen shows. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { REPOSITORY } from "./python.js";

const DRIVER = join(REPOSITORY, "test", "helpers", "terminal-driver.py");

/** Why there is no terminal to be had; false when there is. */
export function terminalMissing(): string | false {
  if (spawnSync("python3", ["-c", "import pty, termios"]).status === 0) return false;
  if (process.env.CI === "true") throw new Error("python3 is not here to make a terminal");
  return "python3 is not here to make a terminal";
}

export interface TerminalSpec {
  readonly rows: number;
  readonly columns: number;
  readonly cwd: string;
}

export class TerminalProgram {
  /** Everything the program wrote. */
  output = "";
  /** What became of it: `stopped`, `exited 0`, `killed 2`. */
  readonly events: string[] = [];
  readonly #driver: ChildProcess;
  #heard = "";
  #listeners: (() => void)[] = [];

  constructor(t: TestContext, command: readonly string[], { rows, columns, cwd }: TerminalSpec) {
    const { COLUMNS: _, NO_COLOR: __, FORCE_COLOR: ___, NODE_EXTRA_CA_CERTS: ____, ...env } = process.env;
    this.#driver = spawn("python3", [DRIVER, `${rows}`, `${columns}`, ...command], {
      cwd,
      env: { ...env, TERM: "xterm-256color", LANG: "C.UTF-8", HOME: cwd },
    });
    t.after(() => this.#driver.kill("SIGKILL"));
    this.#driver.stdout!.setEncoding("utf8").on("data", (text: string) => {
      this.output += text;
      this.#tell();
    });
    this.#driver.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#heard += text;
      const lines = this.#heard.split("\n");
      this.#heard = lines.pop()!;
      this.events.push(...lines);
      this.#tell();
    });
  }

  /** Resolves as soon as the condition holds; the limit of the test ends what never comes. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#listeners.push(resolve));
  }

  press(keys: string): void {
    this.#order(`keys ${Buffer.from(keys, "latin1").toString("hex")}`);
  }

  signal(name: NodeJS.Signals): void {
    this.#order(`signal ${constants.signals[name]}`);
  }

  resize(rows: number, columns: number): void {
    this.#order(`size ${rows} ${columns}`);
  }

  #order(line: string): void {
    this.#driver.stdin!.write(`${line}\n`);
  }

  #tell(): void {
    for (const resolve of this.#listeners.splice(0)) resolve();
  }
}

/** The alternate screen after these bytes. */
export interface ShownScreen {
  readonly isAlternate: boolean;
  readonly isCursorShown: boolean;
  readonly lines: readonly string[];
  /** The widest that a line ever was. */
  readonly widest: number;
}

/** As much of a terminal as `runstone watch` uses; throws for any other sequence. */
export function screenAfter(output: string): ShownScreen {
  const lines: string[] = [];
  let [row, column, widest] = [0, 0, 0];
  let [isAlternate, isCursorShown] = [false, true];
  for (const [token, , parameters = "", final] of output.matchAll(/\x1b(\[([?\d;]*)([A-Za-z]))|[^\x1b]/gu)) {
    if (final === undefined) {
      if (token === "\r") column = 0;
      else if (token === "\n") row += 1;
      else {
        const line = [...(lines[row] ?? "").padEnd(column)];
        line[column] = token;
        lines[row] = line.join("");
        column += 1;
        widest = isAlternate ? Math.max(widest, column) : widest;
      }
    } else if (final === "H")
      [row, column] = (parameters === "" ? [1, 1] : parameters.split(";").map(Number)).map(
        (at) => at - 1,
      ) as [number, number];
    else if (final === "K") lines[row] = (lines[row] ?? "").slice(0, column);
    else if (final === "J") lines.length = 0;
    else if (parameters === "?1049") {
      isAlternate = final === "h";
      lines.length = 0;
      [row, column] = [0, 0];
    } else if (parameters === "?25") isCursorShown = final === "h";
    else if (final !== "m") throw new Error(`unknown sequence ${JSON.stringify(token)}`);
  }
  return { isAlternate, isCursorShown, lines: Array.from(lines, (line) => line ?? ""), widest };
}
