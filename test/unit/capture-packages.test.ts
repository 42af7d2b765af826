import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { capturePackages, type PackagesCapture } from "../../core/capture/packages.js";

/** A directory in which a test lays out installations as the installers do. */
class Layout {
  readonly root: string;

  constructor(t: TestContext) {
    this.root = realpathSync(mkdtempSync(join(tmpdir(), "runstone-packages-")));
    t.after(() => rmSync(this.root, { recursive: true, force: true }));
  }

  at(path: string): string {
    return join(this.root, path);
  }

  file(path: string, content = "", mode = 0o644): string {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), content);
    chmodSync(this.at(path), mode);
    return this.at(path);
  }

  /** Ends with 99: proves that nothing here is ever started. */
  program(path: string, content = "#!/bin/sh\nexit 99\n"): string {
    return this.file(path, content, 0o755);
  }

  link(path: string, target: string): string {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    symlinkSync(target, this.at(path));
    return this.at(path);
  }

  wheel(site: string, name: string, version: string): void {
    this.file(
      `${site}/${name}-${version}.dist-info/METADATA`,
      `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n\nx`,
    );
  }

  capture(command: string[], env: Record<string, string> = {}): Promise<PackagesCapture> {
    return capturePackages({ command, env: { PATH: this.at("bin"), ...env }, cwd: this.root });
  }
}

/** A base Python 3.11 under `base/` and a virtual environment of it under `venv/`. */
function venvLayout(t: TestContext, config = "version = 3.11.4\n"): Layout {
  const layout = new Layout(t);
  layout.program("base/bin/python3.11");
  layout.wheel("base/lib/python3.11/site-packages", "basewheel", "9.0");
  layout.link("venv/bin/python", layout.at("base/bin/python3.11"));
  layout.file(
    "venv/pyvenv.cfg",
    `home = ${layout.at("base/bin")}\ninclude-system-site-packages = false\n${config}`,
  );
  layout.wheel("venv/lib/python3.11/site-packages", "PyYAML", "6.0.1");
  layout.wheel("venv/lib/python3.11/site-packages", "numpy", "1.26.4");
  return layout;
}

function names(packages: PackagesCapture): readonly string[] {
  return packages.packages.map(({ name, version }) => `${name}==${version}`);
}

const VENV_PACKAGES = ["numpy==1.26.4", "PyYAML==6.0.1"];

test("a virtual environment, found by PATH, by path, by a script's first line, behind a wrapper", async (t) => {
  const layout = venvLayout(t);
  layout.program("venv/bin/torchrun", `#!${layout.at("venv/bin/python")}\n`);
  layout.program("train.py", "#!/usr/bin/env python\n");
  const PATH = layout.at("venv/bin");
  for (const command of [
    ["python", "train.py"],
    [layout.at("venv/bin/python"), "-m", "train"],
    ["torchrun", "--nproc", "2", "train.py"],
    ["./train.py"],
    ["env", "-u", "X", "A=1", "nohup", "python", "train.py"],
    ["timeout", "-s", "KILL", "10", "python", "train.py"],
  ]) {
    const packages = await layout.capture(command, { PATH });
    assert.deepEqual(names(packages), VENV_PACKAGES, command.join(" "));
    assert.equal(packages.kind, "pip");
    assert.equal(packages.pythonVersion, "3.11.4");
    assert.equal(packages.interpreter, layout.at("venv/bin/python"));
  }
});

test("a shell script uses the environment that is switched on", async (t) => {
  const layout = venvLayout(t);
  layout.program("train.sh", "#!/bin/sh\npython train.py\n");
  const packages = await layout.capture(["./train.sh"], { VIRTUAL_ENV: layout.at("venv") });
  assert.deepEqual(names(packages), VENV_PACKAGES);
  const none = await layout.capture(["./train.sh"]);
  assert.equal(none.kind, "none");
  assert.equal(none.missing[0]?.part, "packages");
});

test("an environment with the base's packages shows them after its own", async (t) => {
  const layout = venvLayout(t);
  layout.file(
    "venv/pyvenv.cfg",
    `home = ${layout.at("base/bin")}\ninclude-system-site-packages = true\nversion = 3.11.4\n`,
  );
  layout.wheel("base/lib/python3.11/site-packages", "pyyaml", "5.0");
  const packages = await layout.capture([layout.at("venv/bin/python")]);
  assert.deepEqual(names(packages), ["basewheel==9.0", ...VENV_PACKAGES]);
});

test("uv: its environments, and `uv run` with the project's lock", async (t) => {
  const layout = venvLayout(t, "uv = 0.5.1\nversion_info = 3.11.9\n");
  layout.link(".venv", layout.at("venv"));
  layout.program("bin/uv");
  layout.file("uv.lock", "lock\n");
  const packages = await layout.capture(["uv", "run", "--with", "x", "train.py"]);
  assert.equal(packages.kind, "uv");
  assert.equal(packages.pythonVersion, "3.11.9");
  assert.deepEqual(names(packages), VENV_PACKAGES);
  assert.equal(packages.lockFile, "uv.lock");
  // sha256sum of "lock\n"
  assert.equal(packages.lockHash, "d8c9f2728aa278ebcd33ccedf3ad309a866870ad5fb93a03526b4b7655c9e911");
});

test("conda: its own records and what pip added", async (t) => {
  const layout = new Layout(t);
  layout.program("conda/bin/python");
  layout.file("conda/conda-meta/python-3.12.1-hab00c5b_0.json", "{}");
  layout.file("conda/conda-meta/scikit-learn-1.4.0-py312_0.json", "{}");
  layout.wheel("conda/lib/python3.12/site-packages", "scikit_learn", "1.4.0");
  layout.wheel("conda/lib/python3.12/site-packages", "extra", "0.1");
  const packages = await layout.capture([layout.at("conda/bin/python"), "x.py"]);
  assert.equal(packages.kind, "conda");
  assert.equal(packages.pythonVersion, "3.12.1");
  assert.deepEqual(names(packages), ["extra==0.1", "python==3.12.1", "scikit-learn==1.4.0"]);
});

test("pyenv: the version its shim would choose", async (t) => {
  const layout = new Layout(t);
  for (const version of ["3.10.9", "3.10.13", "3.12.0"]) {
    layout.program(`pyenv/versions/${version}/bin/python`);
    const series = version.split(".").slice(0, 2).join(".");
    layout.wheel(`pyenv/versions/${version}/lib/python${series}/site-packages`, "wheel", version);
  }
  for (const name of ["python", "pytest"])
    layout.program(`pyenv/shims/${name}`, '#!/bin/sh\nexec pyenv exec "$0"\n');
  layout.file("pyenv/version", "3.12.0\n");
  const PATH = layout.at("pyenv/shims");
  const version = async (env: Record<string, string>, program = "python"): Promise<string | null> =>
    (await layout.capture([program], { PATH, ...env })).pythonVersion;
  assert.equal(await version({}), "3.12.0");
  assert.equal(await version({}, "pytest"), "3.12.0");
  layout.file(".python-version", "3.10\n");
  assert.equal(await version({}), "3.10.13");
  assert.equal(await version({ PYENV_VERSION: "3.10.9" }), "3.10.9");
});

test("broken and old metadata: the directory's name serves, eggs count, junk does not", async (t) => {
  const layout = venvLayout(t);
  const site = "venv/lib/python3.11/site-packages";
  layout.file(`${site}/broken-1.0.dist-info/METADATA`, "");
  layout.file(`${site}/nometa-2.0.dist-info/RECORD`, "");
  layout.file(`${site}/old-0.3-py3.11.egg-info`, "Name: old\nVersion: 0.3\n");
  layout.file(`${site}/dir-0.4-py3.11.egg-info/PKG-INFO`, "Name: dir\nVersion: 0.4\n");
  layout.file(`${site}/junk.dist-info/x`, "");
  layout.file(`${site}/~ump-1.0.txt`, "");
  const packages = await layout.capture([layout.at("venv/bin/python")]);
  assert.deepEqual(names(packages), [
    "broken==1.0",
    "dir==0.4",
    "nometa==2.0",
    "numpy==1.26.4",
    "old==0.3",
    "PyYAML==6.0.1",
  ]);
});

test("an interpreter that is nowhere is named as missing", async (t) => {
  const packages = await new Layout(t).capture(["python3", "x.py"]);
  assert.deepEqual(packages.missing, [
    { part: "packages", reason: "the Python interpreter was not found on PATH" },
  ]);
});

test("npm: the record of the installation, then the lock file, then the directories", async (t) => {
  const layout = new Layout(t);
  const node = layout.program("bin/node");
  layout.file("package.json", "{}");
  layout.file("node_modules/@s/c/package.json", '{"version":"3.0.0"}');
  layout.file("node_modules/a/package.json", '{"version":"1.0.0"}');
  const folders = await layout.capture(["node", "x.js"]);
  assert.deepEqual(names(folders), ["@s/c==3.0.0", "a==1.0.0"]);
  assert.deepEqual([folders.kind, folders.interpreter, folders.pythonVersion], ["npm", node, null]);

  const lock = (version: string): string =>
    JSON.stringify({
      packages: {
        "": { version: "0.0.0" },
        "node_modules/a": { version },
        "node_modules/b/node_modules/a": { version },
        "node_modules/@s/c": { version: "3.0.0" },
      },
    });
  layout.file("package-lock.json", lock("1.1.0"));
  const locked = await layout.capture(["npx", "tsx", "x.ts"]);
  assert.deepEqual(names(locked), ["@s/c==3.0.0", "a==1.1.0"]);
  assert.match(locked.lockHash ?? "", /^[0-9a-f]{64}$/);
  layout.file("node_modules/.package-lock.json", lock("1.2.0"));
  assert.deepEqual(names(await layout.capture(["npm", "start"])), ["@s/c==3.0.0", "a==1.2.0"]);
});
