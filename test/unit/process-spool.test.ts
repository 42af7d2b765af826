import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { ByteRedactor, ConsoleLog } from "../../core/process/console-log.js";
import { LineSplitter } from "../../core/process/line-splitter.js";
import {
  createSpool,
  findSpools,
  noteChild,
  openSpoolFile,
  removeSpool,
  type SpoolFacts,
  spoolFile,
} from "../../core/process/spool.js";
import { SpoolFollower, type SpoolSink } from "../../core/process/spool-follower.js";
import { SpoolWatch } from "../../core/process/spool-watch.js";
import fc from "../helpers/fast-check.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "runstone-spool-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function facts(runId = "a".repeat(32)): SpoolFacts {
  const logs = { stdout: "runstone/stdout.log", stderr: "runstone/stderr.log" };
  return { runId, root: "/store", host: "here", cwd: "/", capture: [], logs };
}

describe("spools", () => {
  test("are private, found again and removed", () => {
    const spool = createSpool(directory, facts());
    closeSync(openSpoolFile(spool, "stdout"));
    assert.equal(statSync(spoolFile(spool, "stdout")).mode & 0o777, 0o600);
    assert.equal(statSync(spool.path).mode & 0o777, 0o700);
    noteChild(spool, { pid: 7, start: "8" });
    createSpool(directory, facts("b".repeat(32)));
    assert.equal(findSpools(directory).length, 2);
    const [found] = findSpools(directory, "a".repeat(32));
    assert.deepEqual(found?.facts.child, { pid: 7, start: "8" });
    const other = findSpools(directory, "b".repeat(32))[0]!;
    writeFileSync(join(other.path, "spool.json"), "{");
    const unreadable: unknown[] = [];
    assert.equal(findSpools(directory, "", (error) => unreadable.push(error)).length, 1);
    assert.match(String(unreadable[0]), /is no JSON/);
    removeSpool(spool);
    assert.deepEqual(findSpools(directory, "a".repeat(32)), []);
  });

  test("a directory that others can write is not used", () => {
    const first = createSpool(directory, facts());
    const home = join(first.path, "..");
    rmSync(home, { recursive: true });
    writeFileSync(home, "in the way");
    const second = createSpool(directory, facts());
    assert.ok(!second.path.startsWith(`${home}/`));
    assert.equal(statSync(join(second.path, "..")).mode & 0o777, 0o700);
  });
});

class Gathering implements SpoolSink {
  bytes = 0;
  readonly parts: Buffer[] = [];
  refuse = false;
  take(block: Buffer): void {
    this.bytes += block.length;
    this.parts.push(Buffer.from(block));
  }
  settle(): boolean {
    return !this.refuse;
  }
}

describe("following", () => {
  test("carries what is appended, and after a refusal nothing twice", async () => {
    const path = join(directory, "s");
    writeFileSync(path, "one ");
    const sink = new Gathering();
    const follower = new SpoolFollower(path, sink);
    assert.equal(await follower.finish(), true);
    appendFileSync(path, "two ");
    sink.refuse = true;
    assert.equal(await follower.finish(), false);
    assert.equal(await follower.finish(), false);
    sink.refuse = false;
    appendFileSync(path, "three");
    assert.equal(await follower.finish(), true);
    assert.equal(Buffer.concat(sink.parts).toString(), "one two three");
    follower.close();
  });

  test("tells of a change at once, and of many seldom", async () => {
    const path = join(directory, "s");
    writeFileSync(path, "");
    const times: number[] = [];
    const watch = await new Promise<SpoolWatch>((resolve) => {
      const made = new SpoolWatch([path], () => {
        times.push(performance.now());
        resolve(made);
      });
      appendFileSync(path, "x");
    });
    const before = times.length;
    const start = performance.now();
    while (times.length - before < 5) {
      appendFileSync(path, "x");
      await new Promise((resolve) => setImmediate(resolve));
    }
    const gaps = times.slice(before).map((time, i) => time - (times[before + i - 1] ?? 0));
    assert.ok(performance.now() - start > 30, `${gaps}`);
    watch.close();
  });

  test("100 MB pass in flat memory", async () => {
    const path = join(directory, "s");
    const line = Buffer.from(`${"some words that a training prints ".repeat(3)}\n`);
    const chunk = Buffer.concat(new Array<Buffer>(10_000).fill(line));
    const copies = Math.ceil((100 << 20) / chunk.length);
    for (let i = 0; i < copies; i += 1) appendFileSync(path, chunk);
    let failures = 0;
    const log = new ConsoleLog({
      path: join(directory, "log"),
      within: directory,
      onFailure: () => (failures += 1),
    });
    const follower = new SpoolFollower(path, log);
    const before = process.memoryUsage().rss;
    assert.equal(await follower.finish(), true);
    const grown = process.memoryUsage().rss - before;
    assert.equal(log.finish(), true);
    follower.close();
    assert.equal(statSync(join(directory, "log")).size, copies * chunk.length);
    assert.ok(grown < 64 << 20, `${grown >> 20} MiB`);
    assert.equal(failures, 0);
  });

  test("a program that is stopped in the middle of a write loses nothing", async () => {
    const spool = createSpool(directory, facts());
    const fd = openSpoolFile(spool, "stdout");
    const child = spawn(
      process.execPath,
      ["-e", 'for (let i = 0; i < 5000; i++) process.stdout.write(i + "\\n")'],
      {
        stdio: ["ignore", fd, "inherit"],
      },
    );
    closeSync(fd);
    const sink = new Gathering();
    const follower = new SpoolFollower(spoolFile(spool, "stdout"), sink);
    const watch = new SpoolWatch([spoolFile(spool, "stdout")], () => follower.wake());
    await new Promise((resolve) => child.once("exit", resolve));
    await follower.finish();
    watch.close();
    follower.close();
    assert.deepEqual(Buffer.concat(sink.parts).toString().split("\n").slice(0, -1).map(Number), [
      ...new Array(5000).keys(),
    ]);
  });
});

/** Cuts bytes into blocks at arbitrary places. */
function blocksOf(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((start, i) => bytes.subarray(start, at[i] ?? bytes.length));
}

describe("lines", () => {
  const text = fc
    .array(fc.constantFrom("::runstone metric a=1", "x", "é", "\n", "\r", "\r\n", " ", "::run", "::runstone"))
    .map((parts) => parts.join(""));
  const cuts = fc.array(fc.nat({ max: 10_000 }));

  for (const everyLine of [true, false]) {
    test(`come out the same wherever blocks are cut (${everyLine ? "all" : "marked"})`, () => {
      fc.assert(
        fc.property(text, cuts, (whole, at) => {
          const bytes = Buffer.from(whole);
          const splitter = new LineSplitter(everyLine);
          let offset = 0;
          const found = blocksOf(bytes, at).flatMap((block) => {
            const lines = splitter.push(Buffer.from(block), offset);
            offset += block.length;
            return lines;
          });
          const lines = [...found, ...splitter.end()];
          const wanted = whole.split(/[\n\r]/).filter((line) => line !== "");
          const marked = wanted.filter((line) => /^[ \t]*::runstone/.test(line));
          const shown = lines.filter((line) => everyLine || /^[ \t]*::runstone/.test(line.text));
          assert.deepEqual(
            shown.map((line) => line.text),
            everyLine ? wanted : marked,
          );
          for (const line of lines) {
            assert.equal(bytes.subarray(line.offset).toString().startsWith(line.text), true);
          }
        }),
        { numRuns: 500 },
      );
    });
  }

  test("a line without an end stays small and is reported when it is a run line", () => {
    const splitter = new LineSplitter(false);
    const block = Buffer.alloc(1 << 20, "x");
    for (let i = 0; i < 50; i += 1) assert.deepEqual(splitter.push(block, i << 20), []);
    assert.equal(
      splitter.push(Buffer.from("\n::runstone tag a=b\n"), 50 << 20)[0]?.text,
      "::runstone tag a=b",
    );
    let cut: boolean | undefined;
    splitter.push(Buffer.from("::runstone param a="), 0);
    for (let i = 0; i < 6; i += 1) cut ??= splitter.push(block, 19 + (i << 20))[0]?.cut;
    assert.equal(cut, true);
  });

  test("a block full of marks or carriage returns takes linear time", () => {
    for (const unit of ["::runstone tag a=b\r", "\r", "\n", " ::runstone", "a\rb\n"]) {
      const block = Buffer.from(unit.repeat(Math.ceil((1 << 20) / unit.length)));
      new LineSplitter(false).push(block, 0);
    }
  });
});

describe("the log of a stream", () => {
  test("bytes without secrets come out as they went in, wherever they are cut", () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
      fc.string({ unit: "grapheme", maxLength: 10 }).map((value) => Buffer.from(value)),
      fc.constantFrom(Buffer.from("\n"), Buffer.from("\r\n"), Buffer.from("é")),
    );
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.nat({ max: 1_000 })), (pieces, cuts) => {
        const bytes = Buffer.concat(pieces);
        const redactor = new ByteRedactor();
        const out = Buffer.concat([
          ...blocksOf(bytes, cuts).map((block) => redactor.push(block)),
          redactor.end(),
        ]);
        assert.deepEqual(Object.keys(redactor.counts).length > 0 ? out : bytes, out);
      }),
      { numRuns: 500 },
    );
  });

  test("long lines without an end come out whole", () => {
    const redactor = new ByteRedactor();
    const bytes = Buffer.from("é ".repeat(200_000));
    const parts = blocksOf(bytes, [70_001, 150_000, 300_001]).map((block) => redactor.push(block));
    assert.deepEqual(Buffer.concat([...parts, redactor.end()]), bytes);
  });

  test("a secret cut by blocks is not stored", () => {
    const secret = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    const bytes = Buffer.from(`start\ntoken is ${secret} there\nend`);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const redactor = new ByteRedactor();
      const out = Buffer.concat([
        redactor.push(bytes.subarray(0, cut)),
        redactor.push(bytes.subarray(cut)),
        redactor.end(),
      ]);
      assert.ok(!out.includes(secret));
      assert.ok(out.includes("end"));
    }
  });

  test("what could not be written comes later, once", () => {
    const path = join(directory, "in/the/way");
    writeFileSync(join(directory, "in"), "");
    const failures: unknown[] = [];
    const log = new ConsoleLog({ path, within: directory, onFailure: (error) => failures.push(error) });
    log.take(Buffer.from("a\nb"));
    assert.equal(log.settle(), false);
    assert.equal(log.settle(), false);
    rmSync(join(directory, "in"));
    assert.equal(log.settle(), true);
    assert.equal(log.finish(), true);
    assert.equal(readFileSync(path, "utf8"), "a\nb");
    assert.equal(failures.length, 2);
  });
});

test("the log of a run that is gone is not made anew", () => {
  const within = join(directory, "run");
  const failures: unknown[] = [];
  const log = new ConsoleLog({
    path: join(within, "a", "b"),
    within,
    onFailure: (error) => failures.push(error),
  });
  log.take(Buffer.from("x\n"));
  assert.equal(log.settle(), false);
  assert.match(String(failures[0]), /is gone/);
  assert.throws(() => statSync(within), /ENOENT/);
});

// A descriptor opened for the child appends, whoever else writes.
test("spool files are opened for appending", () => {
  const spool = createSpool(directory, facts());
  const fd = openSpoolFile(spool, "stderr");
  writeSync(fd, "a");
  appendFileSync(spoolFile(spool, "stderr"), "b");
  writeSync(fd, "c");
  closeSync(fd);
  assert.equal(readFileSync(spoolFile(spool, "stderr"), "utf8"), "abc");
});
