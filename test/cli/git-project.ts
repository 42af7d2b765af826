/** A workspace in a Git repository. */
import type { TestContext } from "node:test";
import { TestRepository } from "../helpers/git-repository.js";
import { type PlainRun, writePlainStore } from "../helpers/plain-store.js";
import { newDirectory, type Workspace } from "./program.js";

export interface GitProject extends Workspace {
  readonly files: TestRepository;
  /** Of the store. */
  readonly root: string;
}

/** One commit of code, and runs of MLflow's own. */
export function newGitProject(t: TestContext, runs: readonly PlainRun[]): GitProject {
  const workspace = newDirectory(t);
  const files = new TestRepository(workspace.directory);
  files.git("init", "-q", "-b", "main");
  files.git("config", "user.name", "Ada Example");
  files.git("config", "user.email", "ada@example.org");
  files.commit("train.py", "lr = 1\n");
  workspace.read(["init"]);
  return { ...workspace, files, root: writePlainStore(workspace.directory, runs) };
}
