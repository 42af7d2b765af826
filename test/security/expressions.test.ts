/**
 * Our expressions on texts of a stranger: linear. A quadratic one needs minutes for these lengths, a linear one
 * milliseconds: the bound holds on any machine.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { csvLines, tsvLines } from "../../cli/output/delimited.js";
import { latexLine } from "../../cli/output/latex.js";
import { markdownLine } from "../../cli/output/markdown.js";
import { visible } from "../../cli/output/visible.js";
import { redactArgv, redactText } from "../../core/capture/redact.js";
import { stripUrlCredentials } from "../../core/capture/remote-url.js";
import { parseRunLine } from "../../core/process/run-lines.js";
import { hasConflictMarks } from "../../core/store/read/foreign-content.js";
import { copiedName } from "../../core/store/read/sync-copies.js";
import {
  checkArtifactPath,
  isContainedPath,
  isReadableKey,
  isRunstoneError,
  MetricLineParser,
  parseLease,
  parseRunMeta,
} from "../../store-format/index.js";

const LENGTH = 200_000;
const BOUND_MS = 20_000;
const PIECES = [
  ...[
    "a",
    " ",
    "\t",
    "\n",
    "0",
    "-",
    "_",
    ".",
    "/",
    "\\",
    ":",
    "@",
    "=",
    "%",
    "'",
    '"',
    "{",
    "[",
    "(",
    "#",
    "&",
    "*",
    "!",
  ],
  ...[
    "a@",
    "a:",
    "://",
    "a://",
    "//a@",
    "=a",
    "a=",
    "key=",
    "password",
    "token:",
    "-----BEGIN ",
    "eyJ",
    "ghp_",
    "a.b.",
  ],
  ...[
    "a: ",
    "- ",
    "'' ",
    '\\"',
    "<<<<<<< \n",
    "\r\n",
    "\u0000",
    "\ud800",
    " (1)",
    "conflicted copy",
    "1 1 1\n",
    "1e1 ",
  ],
  ...["::runstone metric ", "secret=", "Authorization: ", "Bearer ", "AKIA", "%2e"],
];

const utf8 = (text: string): Uint8Array => Buffer.from(text);

const readers: Readonly<Record<string, (text: string) => unknown>> = {
  visible,
  csvLine: (text) => csvLines()([`+1${text}`]),
  tsvLine: (text) => tsvLines()([`'-1${text}`]),
  markdownLine: (text) => markdownLine([text]),
  latexLine: (text) => latexLine([text]),
  redactText,
  redactArgv: (text) => redactArgv([text, `--password=${text}`]),
  stripUrlCredentials: (text) => stripUrlCredentials(`https://${text}`),
  parseRunLine: (text) => parseRunLine(`::runstone metric ${text}`),
  hasConflictMarks: (text) => hasConflictMarks(utf8(`<${text}`)),
  copiedName: (text) => copiedName(text.slice(0, 255), new Set()),
  checkArtifactPath,
  isContainedPath,
  isReadableKey,
  parseLease: (text) => parseLease(utf8(text)),
  parseRunMeta: (text) => parseRunMeta(utf8(`run_id: ${text}`)),
  metricLine: (text) => new MetricLineParser("run").push(utf8(text)),
};

describe("texts that expressions stumble over", () => {
  for (const [name, read] of Object.entries(readers)) {
    test(name, () => {
      for (const piece of PIECES) {
        const text = piece.repeat(LENGTH / piece.length);
        for (const hostile of [`${text}!`, `"${text}\n`]) {
          const start = performance.now();
          try {
            read(hostile);
          } catch (error) {
            if (!isRunstoneError(error)) throw error;
          }
          assert.ok(performance.now() - start < BOUND_MS, `${name} on ${JSON.stringify(piece)}`);
        }
      }
    });
  }
});
