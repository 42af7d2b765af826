import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { Redraws } from "../../cli/watch/redraws.js";
import { Screen } from "../../cli/watch/screen.js";
import { MetricFollower } from "../../core/follow/metric-follower.js";
import { NewRuns } from "../../core/follow/new-runs.js";
import { serializeFold } from "../../store-format/fold.js";
import fc from "../helpers/fast-check.js";
import { contextOf, temporaryDirectory } from "../helpers/new-store.js";
import { writePlainRun, writePlainStore } from "../helpers/plain-store.js";
import { screenAfter } from "../helpers/terminal.js";

interface Followed {
  readonly directory: string;
  readonly follower: MetricFollower;
}

function followed(t: TestContext): Followed {
  const root = writePlainStore(temporaryDirectory(t), []);
  const directory = writePlainRun(root, { id: "a", status: 1 });
  const runId = "a".padEnd(32, "0");
  const location = {
    directory,
    path: `0/${runId}`,
    experimentId: "0",
    runId,
    place: "root",
    orphan: false,
  } as const;
  return { directory, follower: new MetricFollower(location) };
}

function values({ follower }: Followed): Record<string, number[]> & { anew?: true } {
  const { anew, series } = follower.poll();
  const found: Record<string, number[]> = {};
  for (const { key, points } of series) {
    found[key] ??= [];
    found[key].push(...points.map(({ value }) => value));
  }
  return anew ? Object.assign(found, { anew: true as const }) : found;
}

describe("following metric files", () => {
  test("tells each point once, however the bytes arrive", (t) => {
    const run = followed(t);
    const path = join(run.directory, "metrics", "val", "loss");
    mkdirSync(join(run.directory, "metrics", "val"));
    fc.assert(
      fc.property(
        fc.array(fc.integer(), { maxLength: 20 }),
        fc.array(fc.nat({ max: 40 }), { maxLength: 10 }),
        (logged, cuts) => {
          rmSync(path, { force: true });
          run.follower.poll();
          const text = logged.map((value, step) => `1 ${value} ${step}\n`).join("");
          const told: number[] = [];
          let at = 0;
          for (const length of [...cuts, text.length]) {
            appendFileSync(path, text.slice(at, at + length));
            at += length;
            const found = values(run);
            if (found.anew) told.length = 0;
            told.push(...(found["val/loss"] ?? []));
          }
          assert.deepEqual(told, logged);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("a file that was replaced or cut is read anew", (t) => {
    const run = followed(t);
    const path = join(run.directory, "metrics", "loss");
    writeFileSync(path, "1 1 0\n1 2 1\n");
    assert.deepEqual(values(run), { loss: [1, 2] });
    assert.deepEqual(values(run), {});
    writeFileSync(`${path}.new`, "1 5 0\n1 6 1\n1 7 2\n");
    renameSync(`${path}.new`, path);
    assert.deepEqual(values(run), { loss: [5, 6, 7], anew: true });
    writeFileSync(path, "1 8 0\n");
    assert.deepEqual(values(run), { loss: [8], anew: true });
    rmSync(path);
    assert.deepEqual(values(run), { anew: true });
  });

  test("points of further writers are told, and not twice when they are folded", (t) => {
    const run = followed(t);
    const [own, slot] = ["metrics", "writers/1/metrics"].map((name) => join(run.directory, name));
    writeFileSync(join(own!, "loss"), "1 1 0\n");
    assert.deepEqual(values(run), { loss: [1] });
    mkdirSync(slot!, { recursive: true });
    writeFileSync(join(slot!, "loss"), "1 2 1\n");
    assert.deepEqual(values(run), { loss: [2] });
    const plan = serializeFold({ metrics: [{ key: "loss", length: 6 }], links: 0 });
    writeFileSync(join(run.directory, "writers", "fold.jsonl"), plan);
    appendFileSync(join(own!, "loss"), "1 2 1\n");
    assert.deepEqual(values(run), { loss: [1, 2], anew: true }, "told once while they are in two places");
    rmSync(join(run.directory, "writers"), { recursive: true });
    assert.deepEqual(values(run), { loss: [1, 2], anew: true });
    appendFileSync(join(own!, "loss"), "1 3 2\n");
    assert.deepEqual(values(run), { loss: [3] });
  });

  test("runs that appear are found once, those that were there are not new", (t) => {
    const root = writePlainStore(temporaryDirectory(t), [{ id: "a" }]);
    const runs = new NewRuns(contextOf(root));
    assert.deepEqual(runs.poll(), []);
    writePlainRun(root, { id: "b", name: "late" });
    assert.deepEqual(
      runs.poll().map(({ info }) => info?.runName),
      ["late"],
    );
    assert.deepEqual(runs.poll(), []);
  });
});

describe("the live page", () => {
  test("only lines that changed are written, and the screen shows the last page", () => {
    const line = fc
      .string({ unit: fc.constantFrom("a", "b", " "), maxLength: 5 })
      .map((text) => text.trimEnd());
    fc.assert(
      fc.property(fc.array(fc.array(line, { maxLength: 4 }), { minLength: 1, maxLength: 6 }), (pages) => {
        let output = "";
        const screen = new Screen((text) => {
          output += text;
        });
        screen.enter();
        for (const page of pages) {
          screen.draw(page);
          const before = output;
          screen.draw([...page]);
          assert.equal(output, before, "nothing is written when nothing changed");
        }
        const shown = screenAfter(output).lines.map((each) => each.trimEnd());
        while (shown.at(-1) === "") shown.pop();
        const wanted = [...pages.at(-1)!];
        while (wanted.at(-1) === "") wanted.pop();
        assert.deepEqual(shown, wanted);
        screen.leave();
        assert.ok(screenAfter(output).isCursorShown && !screenAfter(output).isAlternate);
      }),
    );
  });

  test("is drawn at most ten times a second, and the last request is not lost", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 250 }), { maxLength: 60 }), (gaps) => {
        let now = 0;
        let due: { at: number; call: () => void } | undefined;
        const drawn: number[] = [];
        const redraws = new Redraws(() => drawn.push(now), {
          now: () => now,
          after: (milliseconds, call) => {
            due = { at: now + milliseconds, call };
            return () => {
              due = undefined;
            };
          },
        });
        const pass = (until: number) => {
          if (due !== undefined && due.at <= until) {
            const { at, call } = due;
            due = undefined;
            now = at;
            call();
          }
          now = until;
        };
        let asked = Number.NEGATIVE_INFINITY;
        for (const gap of gaps) {
          pass(now + gap);
          redraws.ask();
          asked = now;
        }
        pass(now + 1000);
        for (const [index, time] of drawn.entries())
          assert.ok(index === 0 || time - drawn[index - 1]! >= 100);
        assert.ok(gaps.length === 0 || drawn.at(-1)! >= asked);
      }),
    );
  });
});
