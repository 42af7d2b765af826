/** Every `runstone` command line in the documentation is one that the program understands. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCommand } from "../../cli/command-loaders.js";
import { parseWithYargs } from "../../cli/parse/parse-with-yargs.js";
import { routeWithin } from "../../cli/parse/route.js";
import { cutAtDashes } from "../../cli/parse/tokens.js";
import { readArguments } from "../../cli/parse/values.js";
import { fencedBlocks, pages, readPage, withoutBlocks } from "./pages.js";
import { simpleCommands } from "./shell-words.js";

const ARE_NO_COMMANDS = new Set(["--help", "--version", "COMMAND"]);

test("every runstone command line in the documentation parses", async () => {
  let checked = 0;
  for (const page of pages()) {
    for (const { where, words } of commandLines(page)) {
      await assert.doesNotReject(parse(words), `${where}: runstone ${words.join(" ")}`);
      checked += 1;
    }
  }
  assert.ok(checked > 100, `only ${checked} command lines were found`);
});

async function parse([first = "", ...words]: readonly string[]): Promise<void> {
  if (ARE_NO_COMMANDS.has(first)) return;
  if (first === "help") return assert.ok(words[0] === "filter" || (await loadCommand(words[0] ?? "")));
  const { head, tail } = cutAtDashes([first, ...words]);
  const isName = !first.startsWith("-");
  const at = isName ? 0 : 2; // `--store DIR`, `-C DIR`
  const command = await loadCommand(head[at] ?? "");
  assert.ok(command !== undefined, `there is no command ${head[at]}`);
  const { command: found, names, rest } = routeWithin(command, [...head.slice(0, at), ...head.slice(at + 1)]);
  const { raw, positionals } = parseWithYargs(found, names, rest);
  const takesTail = found.takesCommandLine === true || found.takesCommandAfterDashes === true;
  const more = takesTail ? [] : (tail ?? []);
  readArguments(found, raw, [...positionals, ...more]);
}

interface CommandLine {
  readonly where: string;
  readonly words: readonly string[];
}

function* commandLines(page: string): Generator<CommandLine> {
  const text = readPage(page);
  for (const { language, text: snippet, line } of fencedBlocks(text)) {
    if (language !== "sh" && language !== "console") continue;
    const typed = language === "sh" ? snippet : typedLines(snippet);
    for (const words of runstoneCommands(typed)) yield { where: `${page}:${line}`, words };
  }
  const prose = withoutBlocks(text);
  for (const [, code] of prose.matchAll(/`(runstone [^`]+)`/g)) {
    for (const words of runstoneCommands(code!.replaceAll("\n", " "))) {
      // `runstone log` names a command; a line with arguments is one to type.
      if (words.length > 1 && !words.includes("...")) yield { where: page, words };
    }
  }
}

function typedLines(snippet: string): string {
  const lines = snippet.split("\n").filter((line) => line.startsWith("$ "));
  return lines.map((line) => line.slice(2)).join("\n");
}

function* runstoneCommands(snippet: string): Generator<readonly string[]> {
  for (const words of simpleCommands(snippet)) {
    const at = words.indexOf("runstone");
    const before = words.slice(0, Math.max(0, at));
    const isCommand = before.every((word) => /^(?:until|while|if|trap|export|\w+=.*)$/.test(word));
    if (at >= 0 && isCommand) yield words.slice(at + 1);
  }
}
