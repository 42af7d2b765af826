/** The state of a remote after `kill -9` and power cuts at every file operation: it loads, and holds what it promised. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { intercept } from "../../core/fs/index.js";
import { systemProbes } from "../../core/index.js";
import { openRemoteState } from "../../sync/index.js";
import { temporaryDirectory } from "../helpers/new-store.js";
import { type Choice, PowerModel, Recorder } from "../helpers/power-model.js";
import type { StateCrashTask } from "../helpers/remote-state-child.js";
import { contextIn, marksAfterEachStep, STATE_STEPS, seenIn, work } from "../helpers/remote-state-work.js";
import { newSeed, randomOf } from "../helpers/seed.js";

const SEED = newSeed("RUNSTONE_CRASH_SEED");
const random = randomOf(SEED);
const IS_FULL = process.env["RUNSTONE_TIER"] === "full";
const CHILD = fileURLToPath(new URL("../helpers/remote-state-child.js", import.meta.url));
const QUICK_POINTS = 12;

async function runChild(task: StateCrashTask): Promise<{ acked: number; operations: number }> {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const child = spawn(process.execPath, [CHILD, JSON.stringify(task)], {
    stdio: ["ignore", "pipe", "inherit"],
    env,
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    output += piece;
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  assert.ok(code === 0 || signal === "SIGKILL", `the child ended by ${signal ?? code}`);
  const lines = output.split("\n");
  const operations = Number(lines.find((line) => line.startsWith("ops "))?.slice(4));
  return { acked: lines.filter((line) => line.startsWith("ack ")).length, operations };
}

test(`killed at every operation (seed ${SEED})`, async (t) => {
  const states = await marksAfterEachStep(temporaryDirectory(t));
  const { operations } = await runChild({ workspace: temporaryDirectory(t) });
  const every = IS_FULL ? 1 : operations / QUICK_POINTS;
  let visited = 0;
  for (let at = random() * every; at < operations; at += every) {
    for (const when of IS_FULL ? (["before", "after", "inside"] as const) : [aWhen()]) {
      const workspace = temporaryDirectory(t);
      const { acked } = await runChild({ workspace, at: Math.floor(at), when });
      const context = contextIn(workspace);
      const where = `${when} operation ${Math.floor(at)}, ${acked} acknowledged`;
      // A step that saves several states may be cut between them.
      assert.ok(isOneOf(seenIn(context), states.slice(acked, acked + 2)), where);
      const next = openRemoteState(context, "lab", { onDamage: (error) => assert.fail(error) });
      next.close();
      assert.ok(isOneOf(seenIn(context), states.slice(acked, acked + 2)), `${where}, opened again`);
      visited += 1;
    }
  }
  t.diagnostic(`${visited} states of ${operations} operations visited`);
});

function aWhen(): "after" | "inside" {
  return random() < 0.5 ? "after" : "inside";
}

type Seen = Awaited<ReturnType<typeof marksAfterEachStep>>[number];

/** Each entry as before the step or as after it. */
function isOneOf(seen: Seen, legal: readonly Seen[]): boolean {
  const keys = new Set([seen, ...legal].flatMap((entries) => entries.map(([key]) => key)));
  const valueIn = (entries: Seen, key: string | undefined) => entries.find((entry) => entry[0] === key)?.[1];
  return [...keys].every((key) => legal.some((entries) => valueIn(entries, key) === valueIn(seen, key)));
}

/** A claim that the cut spoilt is nobody's after a minute. */
const LATER = { ...systemProbes(), now: () => Date.now() + 3_600_000 };

describe(`R-remote-1: a power cut after every operation (seed ${SEED})`, () => {
  const choices: Readonly<Record<string, () => Choice>> = {
    "nothing that was not synced is kept": () => () => "lost",
    "everything is kept": () => () => "kept",
    "some of it is kept": () => {
      const kinds = ["lost", "kept", "zeros", "half"] as const;
      const chosen = new Map<number, (typeof kinds)[number]>();
      return (index) => {
        const kind = chosen.get(index) ?? kinds[Math.floor(random() * kinds.length)]!;
        chosen.set(index, kind);
        return kind;
      };
    },
  };
  for (const [name, newChoice] of Object.entries(choices))
    test(name, async (t) => {
      const states = await marksAfterEachStep(temporaryDirectory(t));
      const workspace = temporaryDirectory(t);
      const disk = join(temporaryDirectory(t), "disk");
      const context = contextIn(workspace);
      const model = new PowerModel(workspace);
      const recorder = new Recorder();
      recorder.start();
      await work(context, (step) => recorder.ack(String(step)));
      intercept(undefined);
      let acked = 0;
      let durable = -1;
      for (const [at, event] of recorder.events.entries()) {
        model.apply(event);
        if (event.kind === "ack") {
          acked += 1;
          if (STATE_STEPS[acked - 1]?.durable) durable = acked;
        }
        if (!IS_FULL && event.kind !== "ack" && random() < 0.5) continue;
        mkdirSync(disk);
        model.build(disk, newChoice());
        const found = contextIn(disk);
        const legal = states.slice(Math.max(durable, 0), acked + 2);
        const where = `event ${at} (${event.kind}), ${acked} acknowledged, ${durable} durable`;
        openRemoteState(found, "lab", { onDamage: () => undefined, probes: LATER }).close();
        assert.ok(isOneOf(seenIn(found), legal), `${where}: ${JSON.stringify(seenIn(found))}`);
        rmSync(disk, { recursive: true });
      }
    });
});
