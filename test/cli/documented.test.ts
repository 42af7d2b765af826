/** What the documentation says of the command line is what the command line does. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import type { Command } from "../../cli/command.js";
import { loadCommand } from "../../cli/command-loaders.js";
import { COMMAND_GROUPS, COMMAND_NAMES } from "../../cli/command-names.js";
import { RUNS_SUBCOMMANDS } from "../../cli/commands/runs-list.js";
import { EXIT_CODE_OF, EXIT_MEANINGS } from "../../cli/exit-codes.js";
import { commandHelp } from "../../cli/help/command-help.js";
import { topLevelHelp } from "../../cli/help/top-level.js";
import { ERROR_CODES } from "../../store-format/index.js";

const COMMANDS_PAGE = "docs/reference/commands.md";
const EXIT_CODES_PAGE = "docs/reference/exit-codes.md";
const WIDTH = 100;

const INTRODUCTION = `# Commands

The help texts of every command, as the program prints them. A test holds this page and the program together; after a
change of wording, \`RUNSTONE_UPDATE_DOCS=1 node --test dist/test/cli/documented.test.js\` writes it anew.
`;

/** A command and those below it, hidden ones left out. */
function* helpPages(command: Command, names: readonly string[]): Generator<string> {
  yield `## runstone ${names.join(" ")}\n\n\`\`\`text\n${commandHelp(command, names, WIDTH)}\n\`\`\`\n`;
  for (const below of command.subcommands ?? [])
    if (below.hidden !== true) yield* helpPages(below, [...names, below.name]);
}

test("docs/reference/commands.md holds every help text", async () => {
  const pages = [INTRODUCTION, `\`\`\`text\n${topLevelHelp(WIDTH)}\n\`\`\`\n`];
  for (const name of COMMAND_NAMES) pages.push(...helpPages((await loadCommand(name))!, [name]));
  const page = pages.join("\n");
  if (process.env.RUNSTONE_UPDATE_DOCS) writeFileSync(COMMANDS_PAGE, page);
  assert.equal(readFileSync(COMMANDS_PAGE, "utf8"), page);
});

test("the fast path knows every subcommand of runs", async () => {
  const below = (await loadCommand("runs"))?.subcommands ?? [];
  const names = below.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  assert.deepEqual([...RUNS_SUBCOMMANDS].sort(), names.sort());
});

test("the list of commands and the commands agree", async () => {
  for (const { commands } of COMMAND_GROUPS)
    for (const { name, describe } of commands) {
      const command = await loadCommand(name);
      assert.equal(command?.name, name);
      assert.equal(command.describe, describe);
      assert.match(describe, /^[A-Z][^.]*[^.]$/);
    }
  assert.equal(await loadCommand("toString"), undefined);
});

test("docs/reference/exit-codes.md lists every exit code with its errors", () => {
  const rows = [
    ...readFileSync(EXIT_CODES_PAGE, "utf8").matchAll(/^\| (\d+) +\| ([^|]+?) +\| ([^|]*) \|$/gm),
  ];
  const documented = rows.map(([, code, meaning, errors]) => ({
    code: Number(code),
    meaning,
    errors: (errors ?? "").match(/[A-Z_]{4,}/g) ?? [],
  }));
  const actual = Object.entries(EXIT_MEANINGS).map(([code, meaning]) => ({
    code: Number(code),
    meaning,
    errors: ERROR_CODES.filter((error) => EXIT_CODE_OF[error] === Number(code)),
  }));
  assert.deepEqual(documented, actual);
});
