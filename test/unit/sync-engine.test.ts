import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { joinReports } from "../../sync/engine/join-reports.js";
import { changeOf, mergeTags } from "../../sync/engine/merge-tags.js";
import { firstThingsFirst, runPool } from "../../sync/engine/pool.js";
import {
  isPartial,
  NOTHING_MOVED,
  ReportBuilder,
  type RunOutcome,
  type SyncReport,
} from "../../sync/engine/report.js";
import fc from "../helpers/fast-check.js";

describe("the pool of transfers", () => {
  const TASKS = fc.uniqueArray(
    fc.record({ id: fc.nat(30), after: fc.option(fc.nat(30), { nil: undefined }) }),
    {
      selector: ({ id }) => id,
      maxLength: 30,
    },
  );

  test("a task begins after the one it waits for has ended, circles aside; no more than so many run", async () => {
    await fc.assert(
      fc.asyncProperty(TASKS, fc.integer({ min: 1, max: 4 }), async (drawn, jobs) => {
        const tasks = drawn.map(({ id, after }) => ({
          id: `${id}`,
          after: after === undefined ? after : `${after}`,
        }));
        const order = firstThingsFirst(tasks).map(({ id }) => id);
        const ended: string[] = [];
        let running = 0;
        await runPool(tasks, {
          jobs,
          run: async ({ id, after }) => {
            running += 1;
            assert.ok(running <= jobs);
            const isBefore =
              after !== undefined && order.indexOf(after) >= 0 && order.indexOf(after) < order.indexOf(id);
            if (isBefore) assert.ok(ended.includes(after));
            await new Promise((resolve) => setImmediate(resolve));
            running -= 1;
            ended.push(id);
          },
        });
        assert.deepEqual([...ended].sort(), tasks.map(({ id }) => id).sort());
      }),
    );
  });

  test("parents stand before children, whatever the order they come in", () => {
    const tasks = [
      { id: "grandchild", after: "child" },
      { id: "child", after: "parent" },
      { id: "other" },
      { id: "parent" },
    ];
    const order = firstThingsFirst(tasks).map(({ id }) => id);
    assert.deepEqual(order, ["parent", "child", "grandchild", "other"]);
  });

  test("nothing more begins once it is stopped", async () => {
    const controller = new AbortController();
    const begun: string[] = [];
    const tasks = ["a", "b", "c"].map((id) => ({ id }));
    await runPool(tasks, {
      jobs: 1,
      signal: controller.signal,
      run: async ({ id }) => {
        begun.push(id);
        if (id === "b") controller.abort();
      },
    });
    assert.deepEqual(begun, ["a", "b"]);
  });
});

describe("three-way merging", () => {
  test("who changed it wins; both alike is no conflict, both differently is one", () => {
    assert.deepEqual(changeOf("1", "1", "1"), { kind: "same" });
    assert.deepEqual(changeOf("1", "2", "2"), { kind: "same" });
    assert.deepEqual(changeOf("1", "2", "1"), { kind: "send", value: "2" });
    assert.deepEqual(changeOf("1", null, "1"), { kind: "send", value: null });
    assert.deepEqual(changeOf("1", "1", "2"), { kind: "theirs" });
    assert.deepEqual(changeOf("1", "2", "3"), { kind: "conflict", base: "1", mine: "2", theirs: "3" });
    assert.deepEqual(changeOf("1", null, "3"), { kind: "conflict", base: "1", mine: null, theirs: "3" });
  });

  test("where nobody knows what both had, what is only here goes, and a difference is a conflict", () => {
    assert.deepEqual(changeOf(undefined, "1", null), { kind: "send", value: "1" });
    assert.deepEqual(changeOf<string>(undefined, null, "1"), { kind: "theirs" });
    assert.deepEqual(changeOf(undefined, "1", "2"), {
      ...{ kind: "conflict", base: null, mine: "1", theirs: "2" },
    });
  });

  test("keys are those of all three sides", () => {
    const map = (text: string) => Object.assign(Object.create(null), JSON.parse(text));
    const mine = map('{"new here":"1"}');
    const changes = mergeTags(map('{"gone":"1"}'), mine, map('{"gone":"1","new":"2"}'));
    assert.deepEqual(
      changes.map(({ key, change }) => [key, change.kind]),
      [
        ["new here", "send"],
        ["gone", "send"],
        ["new", "theirs"],
      ],
    );
  });
});

describe("the report", () => {
  const outcome = (runId: string, result: RunOutcome["result"], points = 0): RunOutcome => ({
    ...{ runId, runName: "", remoteRunId: null, result, conflicts: [], exceptions: [], incomplete: false },
    moved: { ...NOTHING_MOVED, points },
  });
  const reportOf = (outcomes: readonly RunOutcome[], unchanged = 0): SyncReport => {
    const builder = new ReportBuilder();
    for (const each of outcomes) builder.add(each);
    builder.addUnchanged(unchanged);
    return builder.finish({ remote: "lab", requests: 1, duration: 1, interrupted: false });
  };

  test("is partial when something failed, is in conflict, or cannot be there", () => {
    assert.equal(isPartial(reportOf([outcome("a", "done"), outcome("b", "skipped")], 3)), false);
    assert.equal(isPartial(reportOf([outcome("a", "done"), outcome("b", "failed")])), true);
    assert.equal(isPartial(reportOf([outcome("a", "conflict")])), true);
    assert.equal(isPartial(reportOf([{ ...outcome("a", "done"), incomplete: true }])), true);
  });

  test("of pushes that follow each other tells each run once, with all that was sent", () => {
    const first = reportOf([outcome("a", "running", 5), outcome("b", "done", 7)], 2);
    const second = reportOf([outcome("a", "done", 3)], 3);
    const { counts, moved, requests } = joinReports(first, second);
    assert.deepEqual([counts.done, counts.running, counts.unchanged], [2, 0, 2]);
    assert.equal(moved.points, 15);
    assert.equal(requests, 2);
  });
});
