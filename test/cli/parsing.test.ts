/** From the command line to typed arguments. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Command } from "../../cli/command.js";
import { loadCommand } from "../../cli/command-loaders.js";
import { parseDuration } from "../../cli/parse/duration.js";
import { parseMetricLine, parseMetricWords } from "../../cli/parse/metric-words.js";
import { nearest } from "../../cli/parse/nearest.js";
import { parsePairs } from "../../cli/parse/pairs.js";
import { parsePlainly } from "../../cli/parse/parse-plainly.js";
import { parseWithYargs } from "../../cli/parse/parse-with-yargs.js";
import { allOptions, routeWithin } from "../../cli/parse/route.js";
import { cutAtDashes } from "../../cli/parse/tokens.js";
import { parseInteger, parseNumber, readArguments } from "../../cli/parse/values.js";
import { isRunstoneError } from "../../store-format/index.js";
import fc from "../helpers/fast-check.js";

const isUsage = (error: unknown): boolean => isRunstoneError(error, "USAGE");

async function command(name: string): Promise<Command> {
  const found = await loadCommand(name);
  assert.ok(found);
  return found;
}

describe("routing", () => {
  test("options may stand before, between and after the names of subcommands", async () => {
    const log = await command("log");
    for (const line of ["metric a=1 --step 3", "--step 3 metric a=1", "--store x metric --step=3 a=1"]) {
      const { names, rest } = routeWithin(log, line.split(" "));
      assert.deepEqual(names, ["log", "metric"]);
      assert.ok(rest.includes("a=1") && !rest.includes("metric"));
    }
  });

  test("a command line behind the options is left alone, `--` or not", async () => {
    const run = await command("run");
    const { rest, commandLine } = routeWithin(run, ["--name", "x", "python", "t.py", "--lr", "0.10"]);
    assert.deepEqual(rest, ["--name", "x"]);
    assert.deepEqual(commandLine, ["python", "t.py", "--lr", "0.10"]);
    assert.deepEqual(cutAtDashes(["run", "--", "a", "--", "b"]), { head: ["run"], tail: ["a", "--", "b"] });
  });

  test("mistakes are usage errors that name what was meant", async () => {
    const hintOf = async (name: string, tokens: readonly string[]) => {
      const found = await command(name);
      try {
        routeWithin(found, tokens);
      } catch (error) {
        assert.ok(isRunstoneError(error, "USAGE"));
        return error.hint;
      }
      return assert.fail("no error");
    };
    assert.equal(await hintOf("artifacts", ["donwload", "a"]), "Did you mean download?");
    assert.equal(await hintOf("runs", ["--limt", "3"]), "Did you mean --limit?");
    assert.equal(await hintOf("experiments", ["create", "--tagg=x"]), "Did you mean --tag?");
    const runs = await command("runs");
    assert.throws(
      () => readArguments(runs, new Map(), ["params.lr", "=", "0.1"]),
      (error) =>
        isRunstoneError(error, "USAGE") && error.hint === 'Put the whole filter in quotes: "params.lr = 0.1"',
    );
    assert.equal(nearest("qqqqq", ["runs", "show"]), undefined);
  });
});

describe("the two parsers", () => {
  const words = fc.constantFrom(
    ...[
      "a=1",
      "loss=-0.5",
      "-3",
      "0.10",
      "0x1f",
      "1e-5",
      "x y",
      "",
      "é",
      "--step",
      "-s",
      "3",
      "--run",
      "-r",
      "ab",
    ],
    ...[
      "--store",
      "--json",
      "--step=7",
      "--run=x=y",
      "-s5",
      "--run-id",
      "--no-color",
      "-C",
      "--timestamp",
      "--",
      "-",
    ],
  );

  test("whatever the plain parser takes, yargs takes the same way", async () => {
    const metric = (await command("log")).subcommands![0]!;
    let taken = 0;
    fc.assert(
      fc.property(fc.array(words, { maxLength: 7 }), (line) => {
        const { head } = cutAtDashes(line);
        const plain = parsePlainly(head, allOptions(metric));
        if (plain === null) return;
        taken += 1;
        const full = parseWithYargs(metric, ["log", "metric"], head);
        assert.deepEqual(full.positionals, plain.positionals);
        assert.deepEqual(new Map([...full.raw].sort()), new Map([...plain.raw].sort()));
      }),
      { numRuns: 300 },
    );
    assert.ok(taken > 50);
  });

  test("yargs refuses what is wrong, in our words", async () => {
    const metric = (await command("log")).subcommands![0]!;
    assert.throws(() => parseWithYargs(metric, ["log", "metric"], ["a=1", "--step"]), {
      message: "--step needs a value",
    });
    assert.throws(() => readArguments(metric, new Map([["step", ["1.5"]]]), []), isUsage);
  });

  test("values are not coerced, and the last of a repeated option counts", async () => {
    const start = await command("start");
    const tokens = ["--name", "0x1f", "--tag", "v=0.10", "--tag", "w=1e3", "--name", "007"];
    const { raw, positionals } = parseWithYargs(start, ["start"], tokens);
    const args = readArguments(start, raw, positionals);
    assert.equal(args.name, "007");
    assert.deepEqual(args.tag, ["v=0.10", "w=1e3"]);
  });
});

test("integers of 64 bits, numbers as Python prints them, times", () => {
  assert.equal(parseInteger("9223372036854775807", "n"), 2n ** 63n - 1n);
  assert.equal(parseInteger("-12", "n"), -12);
  for (const wrong of ["", "1.0", "1e3", "9223372036854775808", "0x1"])
    assert.throws(() => parseInteger(wrong, "n"), isUsage);
  assert.deepEqual(
    ["nan", "-inf", "Infinity", ".5", "1e-3"].map((text) => parseNumber(text, "n")),
    [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0.5, 0.001],
  );
  for (const wrong of ["", "1,5", "0x10", "1e", "--1"]) assert.throws(() => parseNumber(wrong, "n"), isUsage);
  assert.equal(parseDuration("1d12h", "t"), 129_600_000);
  for (const wrong of ["", "1", "1x", "h", "1h 2m"]) assert.throws(() => parseDuration(wrong, "t"), isUsage);
});

test("KEY=VALUE words keep the value as it is", () => {
  assert.deepEqual(
    { ...parsePairs(["a=", "b==c", "__proto__=x"]) },
    Object.fromEntries([
      ["a", ""],
      ["b", "=c"],
      ["__proto__", "x"],
    ]),
  );
  for (const wrong of [["a"], ["=1"], ["a=1", "a=2"]]) assert.throws(() => parsePairs(wrong), isUsage);
});

test("metric words share step and timestamp; lines know quotes and comments", () => {
  assert.deepEqual(parseMetricWords(["loss=0.25", "val/acc=nan", "step=3"]), {
    values: [
      { key: "loss", value: 0.25 },
      { key: "val/acc", value: Number.NaN },
    ],
    step: 3,
  });
  assert.equal(parseMetricLine("  # comment"), null);
  assert.deepEqual(parseMetricLine('"my loss"=1 step=2'), {
    kind: "metric",
    values: [{ key: "my loss", value: 1 }],
    step: 2,
  });
  assert.throws(() => parseMetricLine("loss"), isUsage);
});
