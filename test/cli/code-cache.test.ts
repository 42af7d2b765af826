/** The compiled code that is kept beside a file of the binary: it is used, and nothing of it is needed or believed blindly. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, type TestContext, test } from "node:test";

const LOADER = resolve("dist/cli/code-cache.js");
/** V8 cannot tell these two apart: they have the same length. */
const OURS = 'exports.say = () => "ours";';
const EVIL = 'exports.say = () => "evil";';

interface Program {
  readonly directory: string;
  readonly path: string;
  /** What the program says when it is loaded with a digest, in a process of its own. */
  say(digest: string, env?: Readonly<Record<string, string>>): string;
  /** The one file that is kept. */
  kept(): string;
}

function newProgram(t: TestContext, source: string): Program {
  const directory = mkdtempSync(join(tmpdir(), "runstone-code-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "program.js");
  writeFileSync(path, source);
  const script = `
    import { createRequire } from "node:module";
    import { loadProgramFile } from ${JSON.stringify(LOADER)};
    const [path, digest] = process.argv.slice(1);
    console.log(await loadProgramFile({ path, digest, require: createRequire(path) }).say());`;
  const { NODE_V8_COVERAGE: _, ...inherited } = process.env;
  return {
    directory,
    path,
    say(digest, env = {}) {
      const args = ["--input-type=module", "-e", script, path, digest];
      const options = { encoding: "utf8", env: { ...inherited, ...env }, timeout: 30_000 } as const;
      const { status, stdout, stderr } = spawnSync(process.execPath, args, options);
      assert.equal(status, 0, stderr);
      return stdout.trim();
    },
    kept() {
      const names = readdirSync(directory).filter((name) => name !== "program.js");
      assert.equal(names.length, 1, names.join(" "));
      return join(directory, names[0] ?? "");
    },
  };
}

describe("compiled code", { skip: process.platform === "win32" }, () => {
  test("is kept by the first start and used by the next", (t) => {
    const program = newProgram(t, EVIL);
    assert.equal(program.say("d1"), "evil");
    const kept = program.kept();
    // Only with what was compiled from the other source does this one say the other word.
    writeFileSync(program.path, OURS);
    assert.equal(program.say("d1"), "evil");
    assert.equal(program.say("d2"), "ours", "another digest is another file");
    assert.ok(existsSync(kept));
  });

  test("imports modules beside it", (t) => {
    const program = newProgram(t, 'exports.say = async () => (await importBeside("./beside.mjs")).word;');
    writeFileSync(join(program.directory, "beside.mjs"), 'export const word = "beside";');
    assert.equal(program.say("d1"), "beside");
    assert.equal(program.say("d1"), "beside", "with its compiled code");
  });

  test("that others may write is not used", (t) => {
    const program = newProgram(t, EVIL);
    program.say("d1");
    chmodSync(program.kept(), 0o666);
    writeFileSync(program.path, OURS);
    assert.equal(program.say("d1"), "ours");
  });

  test("with a flipped bit, cut short or empty is not used", (t) => {
    const program = newProgram(t, EVIL);
    program.say("d1");
    const kept = program.kept();
    const whole = readFileSync(kept);
    writeFileSync(program.path, OURS);
    for (const at of [0, 9, whole.length >> 2, whole.length >> 1, whole.length - 1]) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ 4;
      writeFileSync(kept, flipped);
      assert.equal(program.say("d1"), "ours", `byte ${at}`);
    }
    for (const length of [0, 1, 100, whole.length >> 1, whole.length - 2]) {
      writeFileSync(kept, whole.subarray(0, length));
      assert.equal(program.say("d1"), "ours", `${length} bytes`);
    }
  });

  test("is neither made nor used when Node's switch says so", (t) => {
    const program = newProgram(t, EVIL);
    const off = { NODE_DISABLE_COMPILE_CACHE: "1" };
    program.say("d1", off);
    assert.deepEqual(readdirSync(program.directory), ["program.js"]);
    program.say("d1");
    writeFileSync(program.path, OURS);
    assert.equal(program.say("d1", off), "ours");
  });

  test("of a program that fails is not kept", (t) => {
    const program = newProgram(t, 'exports.say = () => { process.exitCode = 1; return ""; };');
    assert.throws(() => program.say("d1"));
    assert.deepEqual(readdirSync(program.directory), ["program.js"]);
  });

  test("that cannot be kept is no failure", (t) => {
    const program = newProgram(t, OURS);
    // A directory stands where the file would appear: root, too, is refused.
    program.say("d1");
    const kept = program.kept();
    renameSync(kept, `${kept}.away`);
    spawnSync("mkdir", ["-p", join(kept, "in-the-way")]);
    assert.equal(program.say("d1"), "ours");
    rmSync(kept, { recursive: true });
    rmSync(`${kept}.away`);
    assert.deepEqual(readdirSync(program.directory), ["program.js"], "nothing half-written stays");
  });
});
