/** Status and end time are merged by one rule: a push and a pull of the same run come to the same end. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { mergeOutcome, type Outcome } from "../../core/transfer/index.js";
import { RUN_STATUSES } from "../../store-format/index.js";
import { outcomeToSend } from "../../sync/mlflow/finish-run.js";
import { TransferNotes } from "../../sync/mlflow/transfer-notes.js";
import fc from "../helpers/fast-check.js";

const outcome: fc.Arbitrary<Outcome> = fc.record({
  status: fc.constantFrom(...RUN_STATUSES),
  endTime: fc.constantFrom(null, 1, 2),
});

function pushed(common: Outcome | null, mine: Outcome, theirs: Outcome) {
  const notes = new TransferNotes(() => undefined);
  return { sent: outcomeToSend({ wanted: mine, run: { info: theirs }, common, notes }), notes };
}

describe("how a run went, merged", () => {
  test("the other way round, the other side is taken", () => {
    const mirrored = { mine: "theirs", theirs: "mine", conflict: "conflict" } as const;
    fc.assert(
      fc.property(fc.option(outcome, { nil: undefined }), outcome, outcome, (base, mine, theirs) => {
        fc.pre(mine.status !== theirs.status || mine.endTime !== theirs.endTime);
        assert.equal(mergeOutcome(base, theirs, mine), mirrored[mergeOutcome(base, mine, theirs)]);
      }),
    );
  });

  test("a push sends what a pull would keep, leaves what it would take, and both name the same conflict", () => {
    fc.assert(
      fc.property(outcome, outcome, outcome, (base, mine, theirs) => {
        // A server keeps an end time that is not told.
        fc.pre(mine.endTime !== null);
        fc.pre(mine.status !== theirs.status || mine.endTime !== theirs.endTime);
        const taken = mergeOutcome(base, mine, theirs);
        const { sent, notes } = pushed(base, mine, theirs);
        assert.deepEqual(sent, taken === "mine" ? { status: mine.status, endTime: mine.endTime } : null);
        assert.deepEqual([...notes.leftAlone], taken === "mine" ? [] : ["status", "endTime"]);
        assert.equal(notes.conflicts.length, taken === "conflict" ? 1 : 0);
      }),
    );
  });

  test("one that was ended differently on both sides is one conflict; one that has ended wins over one that has not", () => {
    const base: Outcome = { status: "RUNNING", endTime: null };
    const ended: Outcome = { status: "FINISHED", endTime: 1 };
    const { notes } = pushed(base, ended, { status: "FAILED", endTime: 2 });
    assert.deepEqual(notes.conflicts, [
      { field: "status", key: null, base: "RUNNING", mine: "FINISHED", theirs: "FAILED" },
    ]);
    assert.deepEqual(pushed(base, ended, { status: "SCHEDULED", endTime: null }).sent, ended);
  });
});
