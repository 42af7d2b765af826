/** Credentials of 20 kinds, made up by the seed, in files, arguments, a remote's URL and a patch: none is kept anywhere. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { takeSnapshot } from "../../core/git/snapshot/index.js";
import { GIT_ENV, TestRepository } from "../helpers/git-repository.js";
import { Bench, put } from "./hostile.js";

const ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Text of `length` characters drawn from `alphabet`, the same in every run. */
function drawn(name: string, length: number, alphabet = ALNUM): string {
  let text = "";
  for (let i = 0; text.length < length; i += 1)
    for (const byte of createHash("sha256").update(`${name} ${i}`).digest())
      text += alphabet[byte % alphabet.length];
  return text.slice(0, length);
}

const HEX = "0123456789abcdef";
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const WORDS: Readonly<Record<string, string>> = {
  aws: `AKIA${drawn("aws", 16, UPPER)}`,
  awsSecret: drawn("aws secret", 40, `${ALNUM}+/`),
  github: `ghp_${drawn("github", 36)}`,
  githubFine: `github_pat_${drawn("fine", 60)}`,
  gitlab: `glpat-${drawn("gitlab", 20)}`,
  slack: `xoxb-${drawn("slack", 12, "0123456789")}-${drawn("slack2", 24)}`,
  slackHook: `hooks.slack.com/services/T${drawn("hook", 8, UPPER)}/B${drawn("hook2", 8, UPPER)}/${drawn("hook3", 24)}`,
  openai: `sk-${drawn("openai", 48)}`,
  anthropic: `sk-ant-api03-${drawn("anthropic", 80)}`,
  stripe: `sk_live_${drawn("stripe", 24)}`,
  huggingface: `hf_${drawn("hf", 34)}`,
  google: `AIza${drawn("google", 35)}`,
  jwt: `eyJ${drawn("jwt", 20)}.${drawn("jwt2", 40)}.${drawn("jwt3", 43)}`,
  npm: `npm_${drawn("npm", 36)}`,
  pypi: `pypi-${drawn("pypi", 90)}`,
  databricks: `dapi${drawn("databricks", 32, HEX)}`,
  docker: `dckr_pat_${drawn("docker", 27)}`,
  wandb: drawn("wandb", 40, HEX),
  azure: `${drawn("azure", 86, `${ALNUM}+/`)}==`,
  password: `${drawn("password", 6)}!9k${drawn("password2", 4)}`,
  key: drawn("key", 64, `${ALNUM}+/`),
  unknown: drawn("unknown", 32),
};

/** Each kind as it stands in somebody's files. */
const FILES: Readonly<Record<string, string>> = {
  "aws.py": `client("s3", "${WORDS.aws}")\n`,
  "aws.cfg": `aws_secret_access_key = ${WORDS.awsSecret}\n`,
  "github.sh": `git clone https://${WORDS.github}@github.com/x/y\n`,
  "github.yml": `token: ${WORDS.githubFine}\n`,
  "gitlab.toml": `t = "${WORDS.gitlab}"\n`,
  "slack.js": `post("${WORDS.slack}")\n`,
  "hook.md": `curl https://${WORDS.slackHook}\n`,
  "openai.ipynb": `{"source": ["openai.key = '${WORDS.openai}'\\n"]}\n`,
  "anthropic.ts": `const k = "${WORDS.anthropic}";\n`,
  "stripe.rb": `Stripe.api_key = "${WORDS.stripe}"\n`,
  "hf.py": `login("${WORDS.huggingface}")\n`,
  "google.json": `{"key": "${WORDS.google}"}\n`,
  "jwt.txt": `${WORDS.jwt}\n`,
  "npm.conf": `//registry/:_auth=${WORDS.npm}\n`,
  "pypi.cfg": `password = ${WORDS.pypi}\n`,
  "databricks.R": `Sys.setenv(T="${WORDS.databricks}")\n`,
  "docker.env.sample": `${WORDS.docker}\n`,
  "wandb.sh": `export WANDB_API_KEY=${WORDS.wandb}\n`,
  "azure.properties": `AccountKey=${WORDS.azure}\n`,
  "db.yaml": `password: "${WORDS.password}"\n`,
  "url.py": `connect("postgres://me:${WORDS.password}@db/x")\n`,
  "id.txt": `-----BEGIN PRIVATE KEY-----\n${WORDS.key}\n-----END PRIVATE KEY-----\n`,
  "random.py": `magic = "${WORDS.unknown}"\n`,
  "deploy.pem": `${WORDS.key}\n`,
  ".env": `A=${WORDS.password}\n`,
  "powershell.txt": Buffer.from(`\ufeff$env:T = "${WORDS.github}"\r\n`, "utf16le").toString("latin1"),
};

/** Every object of the repository, reachable or not, as one text; blobs of 16 bits a character as they are, too. */
function everyObject(root: string): string {
  const format = ["cat-file", "--batch-all-objects", "--batch", "--unordered"];
  const bytes = execFileSync("git", format, { cwd: root, env: { ...GIT_ENV }, maxBuffer: 1 << 28 });
  return bytes.toString("latin1") + bytes.toString("latin1").replaceAll("\0", "");
}

function everyFile(root: string): string {
  const paths = readdirSync(root, { recursive: true, withFileTypes: true });
  return paths
    .filter((entry) => entry.isFile())
    .map(
      (entry) => `${entry.name}\n${readFileSync(join(entry.parentPath ?? entry.path, entry.name), "latin1")}`,
    )
    .join("\n");
}

function assertNone(text: string, where: string): void {
  for (const [kind, word] of Object.entries(WORDS)) assert.ok(!text.includes(word), `${kind} is in ${where}`);
}

function repositoryWithSecrets(t: TestContext, more: (at: TestRepository) => void): TestRepository {
  const at = TestRepository.create();
  t.after(() => at.remove());
  more(at);
  return at;
}

describe("no credential reaches a snapshot", { skip: process.platform === "win32" }, () => {
  test("from untracked files: each of them stays out, with its rule", async (t) => {
    const at = repositoryWithSecrets(t, (made) => {
      made.commit("a.py", "print(1)\n");
      for (const [path, text] of Object.entries(FILES)) made.write(path, Buffer.from(text, "latin1"));
      made.write(
        "harmless.py",
        "password = getpass()\ntoken: str = None\nsha = '3f786850e387550fdab836ed7e6dc881de23001b'\n",
      );
    });
    const { snapshot } = await takeSnapshot({ cwd: at.root, env: GIT_ENV, runId: "r" });
    assertNone(everyObject(at.root), "an object");
    assert.deepEqual(snapshot?.leftOut.map(({ path }) => path).sort(), Object.keys(FILES).sort());
    assert.equal(at.git("ls-tree", "-r", "--name-only", snapshot?.commit ?? ""), "a.py\nharmless.py");
    assertNone(JSON.stringify(snapshot), "what is told");
  });

  test("from tracked files, staged or converted: HEAD's version stays; only new lines count", async (t) => {
    const old = `old = "${drawn("old", 32)}"\n`;
    const at = repositoryWithSecrets(t, (made) => {
      made.write(".gitattributes", "*.conv text\n");
      for (const name of ["tracked.py", "known.py", "line.conv"]) made.stage(name, old);
      made.git("add", "-A");
      made.git("commit", "-q", "-m", "first");
      made.write("tracked.py", `${old}x = "${WORDS.unknown}"\n`);
      made.write("known.py", `# a comment\n${old}`);
      made.write("line.conv", `${old}t = "${WORDS.gitlab}"\r\n`);
    });
    const { snapshot } = await takeSnapshot({ cwd: at.root, env: GIT_ENV, runId: "r" });
    assertNone(everyObject(at.root), "an object");
    assert.deepEqual(snapshot?.leftOut.map(({ path, rule }) => [path, rule]).sort(), [
      ["line.conv", "gitlab_token"],
      ["tracked.py", "high_entropy"],
    ]);
    const commit = snapshot?.commit ?? "";
    assert.equal(at.git("show", `${commit}:tracked.py`), old.trim());
    assert.equal(at.git("show", `${commit}:known.py`), `# a comment\n${old.trim()}`);
  });

  test("staged content is in the repository by the user's hand, and the snapshot does not name it", async (t) => {
    const at = repositoryWithSecrets(t, (made) => {
      made.commit("a.py", "print(1)\n");
      made.stage("b.py", `T = "${WORDS.github}"\n`);
    });
    const { snapshot } = await takeSnapshot({ cwd: at.root, env: GIT_ENV, runId: "r" });
    assert.equal(at.git("ls-tree", "-r", "--name-only", snapshot?.commit ?? ""), "a.py");
  });

  test("a secret in a file's name or behind a link", async (t) => {
    const { symlinkSync } = await import("node:fs");
    const at = repositoryWithSecrets(t, (made) => {
      made.commit("a.py", "print(1)\n");
      made.write(`log-${WORDS.slack}.txt`, "x\n");
      symlinkSync(`/data/${WORDS.github}`, join(made.root, "link"));
    });
    const { snapshot } = await takeSnapshot({ cwd: at.root, env: GIT_ENV, runId: "r" });
    assertNone(everyObject(at.root) + JSON.stringify(snapshot), "an object or the list");
    assert.equal(snapshot?.leftOutCount, 2);
  });

  test("from arguments, the remote's URL, the output and the patch into a tag, a log or a record", (t) => {
    const bench = new Bench(t);
    const at = new TestRepository(bench.workspace);
    at.git("init", "-q", "-b", "main");
    at.git("config", "user.name", "Ada");
    at.git("config", "user.email", "ada@example.org");
    at.commit("train.py", "print(1)\n");
    at.git("remote", "add", "origin", `https://me:${WORDS.password}@example.org/x.git`);
    bench.ok("init");
    put(join(bench.workspace, "train.py"), `print(2)\nK = "${WORDS.openai}"\nP = "${WORDS.aws}"\n`);
    for (const [path, text] of Object.entries(FILES))
      put(join(bench.workspace, path), Buffer.from(text, "latin1"));
    const args = [
      "--api-key",
      WORDS.stripe ?? "",
      `--db=postgres://u:${WORDS.password}@h/d`,
      WORDS.jwt ?? "",
    ];
    const said = `echo "${WORDS.huggingface} Bearer ${WORDS.gitlab}"`;
    const { stderr } = bench.ok("run", "--", "sh", "-c", said, ...args);
    assertNone(everyFile(bench.store), "the store");
    assertNone(everyObject(bench.workspace), "an object");
    assertNone(stderr.replaceAll(`${WORDS.huggingface} Bearer ${WORDS.gitlab}`, ""), "what is told");
    const refs = at.git("for-each-ref", "--format=%(refname)%(contents)", "refs/runstone");
    assert.match(refs, /^refs\/runstone\/runs\/[0-9a-f]{32}/);
    assertNone(refs, "a ref or a message");
  });
});
