/** A sync over a pipe whose far end, or near end, is killed: no half run is ever seen on either side, and a repeat completes it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { type FileStore, openFileStore } from "../../core/index.js";
import { isRunstoneError } from "../../store-format/index.js";
import { openDirectory } from "../../sync/native/open-directory.js";
import {
  assertWhole,
  copyOf,
  emptyWorkspace,
  filledStore,
  killPoints,
  runSyncChild,
} from "../helpers/native-crash.js";
import { startFarEnd } from "../helpers/native-far-end.js";
import { directoryPeer } from "../helpers/native-peers.js";
import type { NativeServeTask } from "../helpers/native-serve-child.js";
import { contentsOf, syncWith } from "../helpers/native-sync.js";
import { temporaryDirectory } from "../helpers/new-store.js";

type Direction = "push" | "pull";

interface Places {
  readonly workspace: string;
  readonly directory: string;
}

/** The operations of the far end, or null when it was killed; what failed is told as a connection that is gone. */
async function syncWithFarEnd(
  { workspace, directory }: Places,
  direction: Direction,
  task: Omit<NativeServeTask, "directory">,
): Promise<number | null> {
  const { context } = openFileStore({ cwd: workspace });
  const far = await startFarEnd({ directory, ...task });
  try {
    const { outcomes } = await syncWith(context, far.peer, { direction });
    for (const { error } of outcomes) if (error !== undefined) throw error;
  } catch (error) {
    if (task.at === undefined || !isRunstoneError(error, "REMOTE_UNREACHABLE")) throw error;
  }
  return far.end();
}

interface Begun {
  readonly store: FileStore;
  readonly whole: ReturnType<typeof contentsOf>;
  begin(): Places;
}

async function begun(t: TestContext, direction: Direction): Promise<Begun> {
  const store = await filledStore(t, 2);
  const whole = contentsOf(store.context);
  const source = join(temporaryDirectory(t), "lab");
  if (direction === "pull") await syncWith(store.context, directoryPeer(source), { direction: "push" });
  const begin = (): Places =>
    direction === "push"
      ? { workspace: copyOf(t, store), directory: join(temporaryDirectory(t), "lab") }
      : { workspace: emptyWorkspace(t), directory: source };
  return { store, whole, begin };
}

/** After a kill: whole on both sides, completed by a repeat, and then there is nothing to do. */
async function assertCompletes(
  places: Places,
  direction: Direction,
  { whole, where }: { readonly whole: Begun["whole"]; readonly where: string },
): Promise<void> {
  const { workspace, directory } = places;
  const here = (): FileStore => openFileStore({ cwd: workspace });
  assertWhole(openDirectory(directory), whole, where);
  assertWhole(here().context, whole, where);
  await syncWithFarEnd(places, direction, {});
  const target = direction === "push" ? openDirectory(directory)! : here().context;
  assert.deepEqual(contentsOf(target), whole, where);
  assertWhole(target, whole, where);
  const again = await syncWith(here().context, directoryPeer(directory), { direction });
  assert.equal(again.counts.done, 0, where);
}

for (const direction of ["push", "pull"] as const) {
  describe(`a ${direction} over a pipe`, () => {
    test("whose far end is killed", async (t) => {
      const { whole, begin } = await begun(t, direction);
      const how = { everyOperation: direction === "pull" };
      const operations = await syncWithFarEnd(begin(), direction, how);
      assert.ok(operations !== null && operations > 50, `${operations} operations`);
      const visited = killPoints(operations, 5);
      let killed = 0;
      for (const at of visited) {
        const places = begin();
        if ((await syncWithFarEnd(places, direction, { ...how, at })) === null) killed += 1;
        const where = `the far end of a ${direction} killed after operation ${at} of ${operations}`;
        await assertCompletes(places, direction, { whole, where });
      }
      assert.ok(killed > visited.length / 2, `${killed} of ${visited.length} were killed`);
      t.diagnostic(`${visited.length} of ${operations} operations visited, ${killed} killed`);
    });

    test("whose near end is killed", async (t) => {
      const { whole, begin } = await begun(t, direction);
      const operations = await runSyncChild({ ...begin(), direction, overPipe: true });
      assert.ok(operations !== null && operations > 10, `${operations} operations`);
      const visited = killPoints(operations, 5);
      for (const at of visited) {
        const places = begin();
        await runSyncChild({ ...places, direction, overPipe: true, at });
        const where = `the near end of a ${direction} killed after operation ${at} of ${operations}`;
        await assertCompletes(places, direction, { whole, where });
      }
      t.diagnostic(`${visited.length} of ${operations} operations visited`);
    });
  });
}
