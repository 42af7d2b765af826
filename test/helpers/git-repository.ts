import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** An environment in which no configuration of the machine or the user is seen. */
export const GIT_ENV: Readonly<Record<string, string>> = {
  PATH: process.env.PATH ?? "",
  HOME: "/nonexistent",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
};

/** A real Git repository in a directory of its own. */
export class TestRepository {
  readonly root: string;

  constructor(root = realpathSync(mkdtempSync(join(tmpdir(), "runstone-git-")))) {
    this.root = root;
  }

  static create(): TestRepository {
    const repository = new TestRepository();
    repository.git("init", "-q", "-b", "main");
    repository.git("config", "user.name", "Ada Example");
    repository.git("config", "user.email", "ada@example.org");
    return repository;
  }

  git(...args: string[]): string {
    const env = { ...GIT_ENV, GIT_ALLOW_PROTOCOL: "file" };
    return execFileSync("git", args, { cwd: this.root, env, encoding: "utf8", stdio: "pipe" }).trim();
  }

  /** Runs a command that is expected to end with an error, such as a merge with conflicts. */
  tryGit(...args: string[]): void {
    try {
      this.git(...args);
    } catch {
      // the state it leaves behind is what the test is about
    }
  }

  write(path: string, content: string | Uint8Array, mode = 0o644): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), content, { mode });
  }

  stage(path: string, content: string | Uint8Array): void {
    this.write(path, content);
    this.git("add", "--", path);
  }

  /** Writes a file, commits it, gives the commit. */
  commit(path: string, content: string | Uint8Array): string {
    this.stage(path, content);
    this.git("commit", "-q", "-m", `add ${path}`);
    return this.git("rev-parse", "HEAD");
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
