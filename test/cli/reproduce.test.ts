/** `runstone reproduce`: what runs again, where, with what, and what is said of it. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setValue } from "../../cli/reproduce/set-values.js";
import { isRunstoneError } from "../../store-format/index.js";
import { TestRepository } from "../helpers/git-repository.js";
import { writePlainStore } from "../helpers/plain-store.js";
import { type Ended, newDirectory, type Workspace } from "./program.js";

/** Five points, of which those from step 3 on depend on BUMP; a param and a file. */
const TRAIN = `#!/bin/sh
for step in 0 1 2 3 4; do
  test $step -ge 3 && more=\${BUMP:-0} || more=0
  echo "::runstone metric loss=0.$((9 - step))$more step=$step"
done
echo "::runstone param seed=\${SEED:-none}"
echo "argument $2" > out.txt
`;

interface Project extends Workspace {
  readonly files: TestRepository;
  /** `runstone reproduce ...args`, with a directory for temporary work trees that must be empty afterwards. */
  reproduce(args: readonly string[], env?: Readonly<Record<string, string>>): Ended;
  /** What `--json` prints. */
  verdict(args: readonly string[], env?: Readonly<Record<string, string>>): Record<string, unknown>;
}

function newProject(t: TestContext): Project {
  const workspace = newDirectory(t);
  const { directory: temporary } = newDirectory(t);
  const files = new TestRepository(workspace.directory);
  files.git("init", "-q", "-b", "main");
  files.git("config", "user.name", "Ada Example");
  files.git("config", "user.email", "ada@example.org");
  files.write("train.sh", TRAIN, 0o755);
  files.write(".gitignore", "out.txt\n");
  files.git("add", ".");
  files.git("commit", "-q", "-m", "train");
  workspace.read(["init"]);
  const reproduce: Project["reproduce"] = (args, env = {}) => {
    const ended = workspace.run(["reproduce", ...args], { env: { TMPDIR: temporary, ...env } });
    assert.deepEqual(readdirSync(temporary), [], "temporary work trees are removed");
    return ended;
  };
  const verdict: Project["verdict"] = (args, env) =>
    JSON.parse(reproduce([...args, "--json"], env).stdout) as Record<string, unknown>;
  return { ...workspace, files, reproduce, verdict };
}

/** Records a command as `first`. */
function record(
  { read }: Project,
  options: readonly string[],
  env: Readonly<Record<string, string>> = {},
): void {
  read(["run", "--name", "first", "--no-system-metrics", ...options], { env });
}

describe("the same again", () => {
  test("code with changes, directory, params, patterns: a child run that is identical", (t) => {
    const project = newProject(t);
    project.files.write("sub/train.sh", `${TRAIN}echo accuracy 0.5\n`, 0o755);
    const cwd = join(project.directory, "sub");
    const options = ["-p", "lr=0.1", "-c", "accuracy %f", "-a", "*.txt"];
    project.read(["run", "--name", "first", ...options, "--", "./train.sh", "--lr", "0.1"], { cwd });
    project.files.write("sub/train.sh", "#!/bin/sh\nexit 1\n", 0o755);
    const before = project.files.git("status", "--porcelain");
    const { status, stdout, stderr } = project.reproduce(["first"]);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^Identical to run \w{7} \(first\): 6 points, 2 params, 1 artifact$/m);
    assert.match(stderr, /command +\.\/train\.sh --lr 0\.1\n +directory +sub\n/);
    assert.equal(project.files.git("status", "--porcelain"), before);
    assert.equal(project.files.git("worktree", "list").split("\n").length, 1);
    const origin = JSON.parse(project.read(["show", "first", "--json"]));
    const again = JSON.parse(project.read(["show", "@last", "--json"]));
    assert.equal(again.tags["mlflow.parentRunId"], origin.run_id);
    assert.equal(again.tags["runstone.reproduces"], origin.run_id);
    assert.deepEqual(again.params, { lr: "0.1", seed: "none" });
  });

  test("variables are those of the run, not those of the shell", (t) => {
    const project = newProject(t);
    record(project, ["--", "./train.sh"], { SEED: "7" });
    const seeded = project.verdict(["first"], { SEED: "8" });
    assert.equal(seeded.verdict, "identical");
    assert.equal((seeded.variables as Record<string, string>).SEED, "7");
    project.read(["run", "--name", "unseeded", "--", "./train.sh"]);
    const unseeded = project.verdict(["unseeded"], { SEED: "8" });
    assert.deepEqual([unseeded.verdict, unseeded.unset], ["identical", ["SEED"]]);
  });

  test("a run that parts at step 3, judged with and without a tolerance", (t) => {
    const project = newProject(t);
    record(project, ["--", "./train.sh"]);
    const env = { BUMP: "6" };
    const found = project.verdict(["first"], env);
    assert.deepEqual(
      [found.verdict, found.first],
      ["different", { metric: "loss", step: 3, index: 0, values: [0.6, 0.66] }],
    );
    const { status, stdout } = project.reproduce(["first"], env);
    assert.equal(status, 1);
    assert.match(stdout, /^Different from run \w{7} \(first\): loss parts at step 3: 0\.6, then 0\.66$/m);
    const equal = project.reproduce(["first", "--tolerance", "0.2"], env);
    assert.equal(equal.status, 0);
    assert.match(equal.stdout, /^Equal to run .* within 0\.2: .*; farthest apart: loss, by 1\.1e-1$/m);
    assert.equal(project.reproduce(["first", "--tolerance", "0.1"], env).status, 1);
  });

  test("params, artifacts, missing points and the status count", (t) => {
    const project = newProject(t);
    record(project, ["-a", "out.txt", "--", "./train.sh", "--lr", "0.1"]);
    const other = 'SEED=9 ./train.sh x y; echo "::runstone metric loss=1 step=9"; exit 3';
    const { status, stdout } = project.reproduce(["first", "--", "sh", "-c", other]);
    assert.equal(status, 1);
    assert.match(
      stdout,
      /loss parts at step 9: no point, then 1\n {2}status: FINISHED, then FAILED\n {2}param seed: none, then 9\n {2}artifact out\.txt: other content$/m,
    );
  });
});

describe("variations", () => {
  test("--set takes the place of the recorded value, on the command line and in the params", (t) => {
    const project = newProject(t);
    record(project, ["-p", "lr=0.1", "--", "./train.sh", "--lr", "0.1"]);
    const { status, stdout } = project.reproduce(["first", "--set", "lr=0.5"]);
    assert.equal(status, 0);
    assert.match(stdout, /^ {2}lr +0\.1 +0\.5$/m);
    const again = JSON.parse(project.read(["show", "@last", "--json"]));
    assert.deepEqual(
      [again.tags["runstone.command"], again.tags["runstone.variation"], again.params.lr],
      ["./train.sh --lr 0.5", "lr=0.5", "0.5"],
    );
    const wrong = project.reproduce(["first", "--set", "momentum=0.5"]);
    assert.equal(wrong.status, 2);
    assert.match(
      wrong.stderr,
      /nothing recorded sets momentum: looked for --momentum VALUE, --momentum=VALUE/,
    );
    assert.match(wrong.stderr, /The command is: \.\/train\.sh --lr 0\.1/);
  });

  test("the forms of a value", () => {
    const set = (command: readonly string[], key: string, value: string) =>
      setValue({ command, options: [], variables: {} }, { key, value }).command.slice(1);
    assert.deepEqual(set(["x", "--lr", "0.1"], "lr", "1"), ["--lr", "1"]);
    assert.deepEqual(set(["x", "--lr", "-0.1", "y"], "lr", "-1"), ["--lr", "-1", "y"]);
    assert.deepEqual(set(["x", "--lr=0.1", "--lr", "2"], "lr", "1"), ["--lr=1", "--lr", "1"]);
    assert.deepEqual(set(["x", "model.lr=0.1", "+b=1"], "model.lr", "1"), ["model.lr=1", "+b=1"]);
    assert.deepEqual(set(["x", "--learning-rate", "1"], "learning_rate", "2"), ["--learning-rate", "2"]);
    for (const command of [
      ["lr", "0.1"],
      ["x", "--lr"],
      ["x", "--lr", "--fast"],
      ["x", "--lrs=1"],
    ])
      assert.throws(
        () => set(command, "lr", "1"),
        (error) => isRunstoneError(error, "INVALID_PARAMETER_VALUE"),
      );
  });
});

describe("what cannot or must not be run", () => {
  test("a command without its secrets; another one is given", (t) => {
    const project = newProject(t);
    const token = ["ghp", "0123456789abcdefghijABCDEFGHIJ012345"].join("_");
    record(project, ["--", "./train.sh", "--token", token]);
    const refused = project.reproduce(["first"]);
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /secrets were taken out of the command .*--token '?\[redacted:/);
    const { status, stdout } = project.reproduce(["first", "--", "./train.sh", "--token", token]);
    assert.equal(status, 0);
    assert.doesNotMatch(stdout, new RegExp(token));
  });

  test("the command of somebody else waits for --yes; its variables and options are only those of the lists", (t) => {
    const project = newProject(t);
    const commit = project.files.git("rev-parse", "HEAD");
    const trace = join(project.directory, "ran");
    writePlainStore(project.directory, [
      {
        id: "aaaa",
        name: "theirs",
        tags: {
          "mlflow.source.git.commit": commit,
          "mlflow.source.git.dirty": "false",
          "mlflow.user": "eve",
          "runstone.host": "elsewhere",
          "runstone.python": "2.7.0",
          "runstone.command": `sh -c 'echo "$BASH_ENV$SEED" > ${trace}'`,
          "runstone.options": "--param=a=b --store=/etc --resume=x --no-mlflow",
        },
        artifacts: {
          "runstone/environment.json": JSON.stringify({ seeds: { BASH_ENV: "evil", SEED: "5" } }),
          "runstone/requirements.txt": "nowhere==1.0\n",
        },
      },
    ]);
    const refused = project.reproduce(["theirs"]);
    assert.equal(refused.status, 7);
    assert.match(refused.stderr, /recorded by eve on elsewhere/);
    assert.equal(existsSync(trace), false);
    const plan = JSON.parse(project.read(["reproduce", "theirs", "--dry-run", "--json"]));
    assert.deepEqual([plan.options, plan.variables], [["--param=a=b", "--no-mlflow"], { SEED: "5" }]);
    assert.equal(existsSync(trace), false);
    const { environment } = project.verdict(["theirs", "--yes"]);
    assert.deepEqual(environment, [
      { name: "python", recorded: "2.7.0", now: null },
      { name: "nowhere", recorded: "1.0", now: null },
    ]);
    assert.equal(readFileSync(trace, "utf8"), "5\n");
  });

  test("a dry run makes nothing; a program that is not there is no run", (t) => {
    const project = newProject(t);
    record(project, ["--", "./train.sh"]);
    const before = project.files.git("worktree", "list");
    assert.match(
      project.reproduce(["first", "--dry-run"]).stdout,
      /^Reproducing run .*\n +commit +\w{7}\n +command +\.\/train\.sh$/m,
    );
    const missing = project.reproduce(["first", "--", "no-such-program"]);
    assert.equal(missing.status, 4);
    assert.match(missing.stderr, /could not be started/);
    assert.equal(project.files.git("worktree", "list"), before);
    assert.equal(JSON.parse(project.read(["runs", "--json"])).length, 1);
  });
});

describe("work trees", () => {
  test("--worktree keeps it; paths of the old one lead into it", (t) => {
    const project = newProject(t);
    const { directory: other } = newDirectory(t);
    record(project, ["--", join(project.directory, "train.sh"), `--out=${project.directory}/fresh/x`]);
    const found = project.verdict(["first", "--worktree", join(other, "tree")]);
    const tree = join(other, "tree");
    assert.deepEqual(
      [found.verdict, found.directory, found.command],
      ["identical", tree, [join(tree, "train.sh"), `--out=${tree}/fresh/x`]],
    );
    assert.equal(readFileSync(join(tree, "train.sh"), "utf8"), TRAIN);
    mkdirSync(join(other, "full", "x"), { recursive: true });
    assert.equal(project.reproduce(["first", "-w", join(other, "full")]).status, 4);
  });

  test("a program that Git does not hold is taken where it is", (t) => {
    const project = newProject(t);
    project.files.write(".gitignore", "out.txt\n.venv\n");
    project.files.write(".venv/bin/go", `#!/bin/sh\nexec ./train.sh\n`, 0o755);
    record(project, ["--", ".venv/bin/go"]);
    const found = project.verdict(["first"]);
    assert.equal(found.verdict, "identical");
    assert.match(String(found.notes), /\.venv\/bin\/go is not in the code of the run/);
  });
});

describe("data and interruptions", () => {
  test("ignored data is linked where it is asked for", (t) => {
    const project = newProject(t);
    project.files.write(".gitignore", "data\n");
    project.files.write("data/in/points", "::runstone metric loss=0.5 step=1\n");
    record(project, ["--", "cat", "data/in/points"]);
    const without = project.reproduce(["first"]);
    assert.equal(without.status, 1);
    assert.match(without.stdout, /loss parts at step 1: 0\.5, then no point/);
    assert.match(without.stderr, /--link PATH/);
    assert.match(project.reproduce(["first", "--link", "data/in"]).stdout, /^Identical/m);
    assert.ok(existsSync(join(project.directory, "data/in/points")));
    assert.equal(project.reproduce(["first", "--link", "train.sh"]).status, 4);
    assert.equal(project.reproduce(["first", "--link", "/etc"]).status, 2);
  });

  test("interrupted: the command ends, there is no verdict, the work tree goes", (t) => {
    const project = newProject(t);
    record(project, ["--", "sh", "-c", "exit 0"]);
    const stop = "pid=$PPID; kill -TERM $(ps -o ppid= -p $pid); exec sleep 600";
    const { status, stdout } = project.reproduce(["first", "--", "sh", "-c", stop]);
    assert.equal(status, 143);
    assert.equal(stdout, "Interrupted: no verdict\n");
    assert.equal(project.files.git("worktree", "list").split("\n").length, 1);
    assert.equal(JSON.parse(project.read(["show", "@last", "--json"])).status, "KILLED");
  });
});

describe("--venv", () => {
  const probe = spawnSync("python3", ["-c", "import venv, ensurepip, zipfile"]);
  const skip = probe.status === 0 ? false : "no python3 with venv";

  test("the recorded packages are installed, pinned, and nothing else of the list", { skip }, (t) => {
    const project = newProject(t);
    const { directory: wheels } = newDirectory(t);
    for (const version of ["1.0", "2.0"]) makeWheel(wheels, version);
    const program = "import tiny; print('::runstone metric v=%s step=0' % tiny.V)";
    writePlainStore(project.directory, [
      {
        id: "aaaa",
        name: "packed",
        metrics: { v: [1] },
        tags: {
          "mlflow.source.git.commit": project.files.git("rev-parse", "HEAD"),
          "mlflow.source.git.dirty": "false",
          "runstone.command": `/usr/bin/python3 -c '${program.replaceAll("'", "'\\''")}'`,
        },
        artifacts: { "runstone/requirements.txt": "tiny==1.0\n--index-url http://127.0.0.1:9/\n" },
      },
    ]);
    const env = { PIP_NO_INDEX: "1", PIP_FIND_LINKS: wheels };
    const { status, stdout, stderr } = project.reproduce(["packed", "--venv", "--yes"], env);
    assert.match(stdout, /^Identical to run/m, stderr);
    assert.equal(status, 0);
    assert.match(stderr, /--index-url http:\/\/127\.0\.0\.1:9\/ was not installed/);
    const again = JSON.parse(project.read(["show", "@last", "--json"]));
    assert.equal(again.tags["mlflow.source.git.dirty"], "false");
  });

  test("without a list of packages there is none", (t) => {
    const project = newProject(t);
    record(project, ["--", "./train.sh"]);
    const { status, stderr } = project.reproduce(["first", "--venv"]);
    assert.equal(status, 8);
    assert.match(stderr, /no list of Python packages/);
  });
});

/** A package `tiny` of one module. */
function makeWheel(directory: string, version: string): void {
  const info = `tiny-${version}.dist-info`;
  const script = `
import zipfile
with zipfile.ZipFile("tiny-${version}-py3-none-any.whl", "w") as wheel:
    wheel.writestr("tiny.py", "V = ${version}\\n")
    wheel.writestr("${info}/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: ${version}\\n")
    wheel.writestr("${info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr("${info}/RECORD", "tiny.py,,\\n${info}/METADATA,,\\n${info}/WHEEL,,\\n${info}/RECORD,,\\n")
`;
  execFileSync("python3", ["-c", script], { cwd: directory });
}
