/** `runstone watch` in a terminal and in a pipe, over files that grow. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, type TestContext, test } from "node:test";
import { BINARY, newDirectory } from "../cli/program.js";
import { type PlainRun, writePlainMeta, writePlainRun, writePlainStore } from "../helpers/plain-store.js";
import { screenAfter, TerminalProgram, terminalMissing } from "../helpers/terminal.js";

const LIMIT = { timeout: 120_000 };

interface Watched {
  readonly root: string;
  readonly directory: string;
  /** Appends a point of `loss`. */
  log(step: number, value: number): void;
  end(status: number): void;
}

const RUN: PlainRun = { id: "aaaa1", name: "first", status: 1, metrics: { loss: [4, 3], acc: [0.5] } };

function watched(t: TestContext, run: PlainRun = RUN): Watched {
  const { directory: cwd } = newDirectory(t);
  const root = writePlainStore(cwd, []);
  const directory = writePlainRun(root, run);
  return {
    ...{ root, directory },
    log: (step, value) =>
      appendFileSync(join(directory, "metrics", "loss"), `1748764900000 ${value} ${step}\n`),
    end: (status) => writePlainMeta(directory, { ...run, status }),
  };
}

function onScreen(t: TestContext, { root }: Watched, args: readonly string[] = []): TerminalProgram {
  const command = [process.execPath, BINARY, "--store", root, "watch", ...args];
  return new TerminalProgram(t, command, { rows: 24, columns: 80, cwd: root });
}

function shows(program: TerminalProgram, pattern: RegExp): () => boolean {
  return () => pattern.test(screenAfter(program.output).lines.join("\n"));
}

describe("on a terminal of 80 x 24", { skip: terminalMissing() }, () => {
  test("the page follows what is logged, and ends with the run", LIMIT, async (t) => {
    const run = watched(t);
    const program = onScreen(t, run);
    await program.until(shows(program, /aaaa100 first {2}RUNNING/));
    assert.equal(screenAfter(program.output).isCursorShown, false);
    run.log(2, 1.25);
    await program.until(shows(program, /^loss +1\.25 +2 +1\.25 +4/m));
    run.end(3);
    await program.until(() => program.events.length > 0);
    assert.deepEqual(program.events, ["exited 0"]);
    const { isAlternate, isCursorShown, lines, widest } = screenAfter(program.output);
    assert.ok(!isAlternate && isCursorShown);
    assert.match(lines.join("\n"), /aaaa100 {2}first {2}FINISHED/);
    assert.ok(widest <= 80, `${widest} columns`);
  });

  test("curves of the metrics that are asked for, and a new size is filled", LIMIT, async (t) => {
    const run = watched(t);
    const program = onScreen(t, run, ["aaaa1", "-m", "loss"]);
    await program.until(shows(program, /[\u2801-\u28ff][\s\S]*step/));
    assert.ok(screenAfter(program.output).lines.length <= 24);
    const before = program.output.length;
    program.resize(12, 50);
    await program.until(() => program.output.slice(before).includes("\x1b[2J"));
    await program.until(() => /runstone watch/.test(program.output.slice(before)));
    assert.ok(screenAfter(`\x1b[?1049h${program.output.slice(before)}`).widest <= 50);
    program.press("q");
    await program.until(() => program.events.length > 0);
    assert.deepEqual(program.events, ["exited 0"]);
  });

  test("a metric that no run has is told on the page, until it comes", LIMIT, async (t) => {
    const run = watched(t);
    const program = onScreen(t, run, ["-m", "los"]);
    await program.until(shows(program, /no.* metric 'los'; did you mean loss\?/));
    assert.ok(screenAfter(program.output).lines.length <= 24);
    writeFileSync(join(run.directory, "metrics", "los"), "1748764900000 1 0\n");
    await program.until(shows(program, /^los +1 /m));
    assert.ok(!shows(program, /did you mean/)());
    program.press("q");
    await program.until(() => program.events.includes("exited 0"));
  });

  test("Ctrl-C gives the screen back and ends as an interrupt does", LIMIT, async (t) => {
    const program = onScreen(t, watched(t));
    await program.until(shows(program, /RUNNING/));
    program.press("\x03");
    await program.until(() => program.events.length > 0);
    assert.deepEqual(program.events, ["killed 2"]);
    const { isAlternate, isCursorShown } = screenAfter(program.output);
    assert.ok(!isAlternate && isCursorShown);
  });

  test("Ctrl-Z gives the screen back; going on draws the whole page", LIMIT, async (t) => {
    const run = watched(t);
    const program = onScreen(t, run);
    await program.until(shows(program, /RUNNING/));
    program.press("\x1a");
    await program.until(() => program.events.includes("stopped"));
    assert.ok(!screenAfter(program.output).isAlternate);
    const before = program.output.length;
    program.signal("SIGCONT");
    await program.until(() => shows(program, /aaaa100 first {2}RUNNING/)() && program.output.length > before);
    assert.ok(screenAfter(program.output).isAlternate);
    run.end(4);
    await program.until(() => program.events.includes("exited 1"));
  });

  test("a signal that ends it gives the screen back", LIMIT, async (t) => {
    const program = onScreen(t, watched(t));
    await program.until(shows(program, /RUNNING/));
    program.signal("SIGTERM");
    await program.until(() => program.events.length > 0);
    assert.deepEqual(program.events, ["killed 15"]);
    assert.ok(!screenAfter(program.output).isAlternate);
  });

  test("several runs are a table; one that begins later joins it", LIMIT, async (t) => {
    const run = watched(t);
    writePlainRun(run.root, { id: "bbbb2", name: "evil\x1b]0;x\x07", status: 1, metrics: { loss: [9] } });
    const program = onScreen(t, run);
    await program.until(shows(program, /bbbb200 +evil\\x1b/));
    const later = writePlainRun(run.root, {
      id: "cccc3",
      name: "later",
      status: 1,
      metrics: { loss: [7.5] },
    });
    await program.until(shows(program, /cccc300 +later +RUNNING.* 7\.5/));
    run.end(3);
    await program.until(shows(program, /aaaa100 +first +FINISHED/));
    writePlainMeta(later, { id: "cccc3", name: "later", status: 3 });
    await program.until(shows(program, /1 running, 2 ended/));
    program.press("q");
    await program.until(() => program.events.length > 0);
    assert.ok(screenAfter(program.output).widest <= 80);
  });
});

describe("in a pipe", () => {
  /** Reads its lines one by one. */
  function piped(
    t: TestContext,
    { root }: Watched,
    args: readonly string[],
  ): { next(): Promise<string>; code: Promise<number | null> } {
    const child = spawn(process.execPath, [BINARY, "--store", root, "watch", ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.after(() => child.kill("SIGKILL"));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const code = new Promise<number | null>((resolve) => child.on("exit", resolve));
    return { next: async () => String((await lines.next()).value), code };
  }

  test("there is one line an event, and the exit code follows the run", LIMIT, async (t) => {
    const run = watched(t);
    const program = piped(t, run, ["first"]);
    assert.match(
      await program.next(),
      /^\d{4}-\d\d-\d\d .*Z {2}aaaa100 {2}first {2}RUNNING {2}acc=0\.5 {2}loss=3$/,
    );
    run.log(2, 1.25);
    assert.match(await program.next(), /aaaa100 {2}first {2}step 2 {2}loss=1\.25$/);
    run.end(4);
    assert.match(await program.next(), /FAILED$/);
    assert.equal(await program.code, 1);
  });

  test("events are rows of CSV or TSV, written as they come", LIMIT, async (t) => {
    const run = watched(t);
    const program = piped(t, run, ["first", "--format", "csv"]);
    assert.equal(await program.next(), "event,time,run_id,run_name,state,step,metric,value");
    const id = "aaaa1".padEnd(32, "0");
    const next = async () => (await program.next()).replace(/^(\w+),\d+,/, "$1,TIME,");
    assert.equal(await next(), `watching,TIME,${id},first,RUNNING,,acc,0.5`);
    assert.equal(await next(), `watching,TIME,${id},first,RUNNING,,loss,3`);
    run.log(2, 1.25);
    assert.equal(await next(), `points,TIME,${id},first,,2,loss,1.25`);
    run.end(4);
    assert.equal(await next(), `state,TIME,${id},first,FAILED,,,`);
    assert.equal(await program.code, 1);
    const lines = piped(t, run, ["first", "--format", "jsonl"]);
    assert.equal(JSON.parse(await lines.next()).event, "watching");
    for (const format of ["parquet", "md", "latex", "json"])
      assert.equal(await piped(t, run, ["first", "--format", format]).code, 2, format);
  });

  test("--until ends it with 0 as soon as a run passes, with 1 when none did", LIMIT, async (t) => {
    const run = watched(t);
    const program = piped(t, run, ["first", "--until", "loss < .5", "--json"]);
    const { event, state, metrics } = JSON.parse(await program.next());
    assert.deepEqual([event, state, metrics], ["watching", "RUNNING", { acc: 0.5, loss: 3 }]);
    run.log(2, 0.75);
    assert.deepEqual(JSON.parse(await program.next()).metrics, { loss: 0.75 });
    run.log(3, 0.25);
    assert.equal(JSON.parse(await program.next()).step, 3);
    assert.equal(await program.code, 0);
    run.end(3);
    assert.equal(await piped(t, run, ["first", "--until", "metrics.loss < 0.1"]).code, 1);
    assert.equal(await piped(t, run, ["first", "--until", "loss <"]).code, 2);
    assert.equal(await piped(t, run, ["first"]).code, 0);
  });
});

test("a damaged run and a metric that is not there are named", (t) => {
  const { directory, run } = newDirectory(t);
  const root = writePlainStore(directory, [{ id: "aaaa1", metrics: { loss: [1] } }, { id: "bbbb2" }]);
  writeFileSync(join(root, "0", "bbbb2".padEnd(32, "0"), "meta.yaml"), "run_id: [");
  const watch = (...args: string[]) => run(["--store", root, "watch", ...args]);
  const alone = watch("bbbb2");
  assert.notEqual(alone.status, 0);
  assert.match(alone.stderr, /run bbbb2\w+ is damaged and cannot be watched/);
  assert.doesNotMatch(alone.stderr, /No run is running/);
  const both = watch("bbbb2", "aaaa1", "-m", "nope", "-m", "loss");
  assert.match(both.stdout, /aaaa1/);
  assert.match(both.stderr, /run bbbb2\w+ is damaged/);
  assert.match(both.stderr, /none of these runs has a metric 'nope'/);
  assert.doesNotMatch(both.stderr, /'loss'/);
});
