/** Long names and values on a terminal: no line of a table is wider than it, and no name moves the cursor. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { displayWidth } from "../../cli/output/width.js";
import { TerminalProgram, terminalMissing } from "../helpers/terminal.js";
import { BINARY, newDirectory } from "./program.js";

const COLUMNS = 60;

test("runs, status and dry runs keep their columns, whatever runs are called", {
  skip: await terminalMissing(),
}, async (t) => {
  const { read, directory } = newDirectory(t);
  read(["init"]);
  read(["remote", "add", "lab", join(directory, "lab")]);
  const names = ["x".repeat(500), `日本${"語".repeat(200)}`, "a\tb\u001b[31mred\nline\r", "\u202eodd"];
  for (const name of names) {
    const [id = ""] = read([
      ...["start", "--name", name, "-e", "e".repeat(300)],
      ...["-p", `lr=${"v".repeat(3_000)}`, "-p", `${"k".repeat(200)}=1`],
    ]).split("\n");
    read(["end", "--run", id]);
  }
  for (const words of [["runs"], ["runs", "-c", "*"], ["status"], ["push", "--dry-run"], ["experiments"]]) {
    const program = new TerminalProgram(t, [process.execPath, BINARY, ...words], {
      ...{ rows: 24, columns: COLUMNS, cwd: directory },
    });
    await program.until(() => program.events.some((event) => event.startsWith("exited")));
    const lines = stripVTControlCharacters(program.output).split("\r\n");
    const table = lines.filter((line) => line !== "" && !/^(?:Would|runstone:)/.test(line));
    for (const line of table) {
      assert.ok(displayWidth(line) <= COLUMNS, `${words.join(" ")}: ${displayWidth(line)} in ${line}`);
      assert.equal(/[\p{Cc}\u202e]/u.test(line), false, JSON.stringify(line));
    }
    assert.ok(table.length >= 2, program.output);
  }
});
