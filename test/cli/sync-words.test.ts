/** What the words of the commands of sync mean, however they are ordered, and what mistaken ones are told. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { newDirectory, type Workspace } from "./program.js";

function workspace(t: TestContext): Workspace {
  const made = newDirectory(t);
  const { directory, read } = made;
  read(["init"]);
  read(["remote", "add", "lab", "../lab-of-words"]);
  read(["remote", "add", "usb", join(directory, "usb")]);
  for (const name of ["first", "second"]) read(["run", "--name", name, "--", "true"]);
  read(["push", "usb"]);
  return made;
}

describe("the remote among the words", () => {
  test("may stand first, last, or be given by its address", (t) => {
    const { run, directory } = workspace(t);
    for (const words of [
      ["first", "usb"],
      ["usb", "first"],
      ["usb", "second", "first"],
      ["first", "usb", "second"],
    ]) {
      const { status, stdout, stderr } = run(["push", ...words]);
      assert.equal(status, 0, stderr);
      assert.match(stdout, new RegExp(`^Nothing is new for usb, ${words.length - 1} unchanged`));
    }
    assert.match(run(["push", "./usb"]).stdout, /^Nothing is new for usb, 2 unchanged/);
    assert.match(run(["push", join(directory, "usb")]).stdout, /^Nothing is new for usb, 2 unchanged/);
    assert.match(run(["pull", "usb", "first"]).stdout, /^Nothing is new for usb, 1 unchanged/);
    assert.match(run(["pull", "first", "usb"]).stdout, /^Nothing is new for usb, 1 unchanged/);
    assert.match(run(["fetch", "usb", "first", "--dry-run"]).stdout, /^Nothing is missing here/);
  });

  test("a name of both, two remotes, a near miss and an unknown address are told apart", (t) => {
    const { run, read } = workspace(t);
    read(["run", "--name", "usb", "--", "true"]);
    const told = (words: readonly string[]): string => {
      const { status, stderr } = run(words);
      assert.ok(status === 2 || status === 3, `${words.join(" ")}: ${status} ${stderr}`);
      return stderr;
    };
    assert.match(told(["push", "usb", "first"]), /'usb' is the name of a remote and of a run/);
    assert.match(run(["push", "usb", "usb", "--dry-run"]).stdout, /Would push 1 run to usb/);
    assert.match(told(["push", "lab", "usb"]), /several remotes are named: lab, usb/);
    assert.match(run(["push", "lab", "lab", "--dry-run"]).stdout, /Would push 3 runs to lab/);
    assert.match(told(["push", "Lab"]), /no remote and of no run\n {2}Did you mean the remote lab\?/);
    assert.match(told(["pull", "uzb"]), /Did you mean the remote usb\?/);
    const secret = told(["push", "https://me:s3cret@example.org"]);
    assert.match(secret, /no remote here has this address/);
    assert.equal(secret.includes("s3cret"), false);
    assert.match(told(["push", "-v"]), /no verbose mode: --json/);
  });

  test("names that mislead or cannot be directories are refused with the reason", (t) => {
    const { run, read } = workspace(t);
    const refused = (name: string): string => run(["remote", "add", name, "../x"]).stderr;
    assert.match(refused("CON"), /the name of a device on Windows/);
    assert.match(refused("end."), /ends in a dot/);
    for (const name of ["all", "ALL", "none"]) assert.match(refused(name), /cannot be called/);
    assert.match(refused("USB"), /there is a remote usb already/);
    assert.match(run(["remote", "show", "USB"]).stderr, /Did you mean usb\?/);
    assert.match(run(["remote", "add", "../x", "new"]).stderr, /the name comes first/);
    assert.match(run(["remote", "rename", "usb", "all"]).stderr, /cannot be called all/);
    assert.deepEqual(
      JSON.parse(read(["remote", "list", "--json"])).map(({ name }: { name: string }) => name),
      ["lab", "usb"],
    );
  });

  test("pull --map gives the experiment its name here", (t) => {
    const { read } = workspace(t);
    read(["init", "other"]);
    const inOther = (args: readonly string[]): string => read(["-C", "other", ...args]);
    inOther(["remote", "add", "usb", "../usb"]);
    inOther(["pull", "--map", "mine=Default"]);
    assert.match(inOther(["experiments"]), /mine/);
    assert.equal(JSON.parse(inOther(["runs", "-e", "mine", "--json"])).length, 2);
  });
});
