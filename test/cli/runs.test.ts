/** `runstone runs` and `runstone views`, as people and scripts use them. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type PlainRun, writePlainRun, writePlainStore } from "../helpers/plain-store.js";
import { type Ended, madeOnce, type Workspace } from "./program.js";

const HOUR = 3_600_000;

/** Three learning rates, three seeds each; the later started later. */
const SWEEP: readonly PlainRun[] = [0.1, 0.2, 0.3].flatMap((lr, group) =>
  [1, 2, 3].map(
    (seed): PlainRun => ({
      id: `${group}${seed}aaaa`,
      name: `lr${lr}-s${seed}`,
      startTime: HOUR * (10 * group + seed),
      params: { lr: String(lr), seed: String(seed), opt: "adam" },
      tags: { team: seed === 1 ? "a" : "b", "mlflow.source.git.commit": "abcdef0123456789" },
      metrics: { val_loss: [9, lr + seed / 100], val_acc: [1 - lr], epoch: [5] },
    }),
  ),
);

const place = madeOnce((workspace) => {
  writePlainStore(workspace.directory, SWEEP);
  return {};
});

/** The words of each line, without the head. */
function table({ stdout }: Ended): readonly (readonly string[])[] {
  const lines = stdout.trimEnd().split("\n").slice(1);
  return lines.map((line) => line.trim().split(/ {2,}/));
}

function names(ended: Ended): readonly string[] {
  assert.equal(ended.status, 0, ended.stderr);
  return table(ended).map((cells) => cells[1]!);
}

function json<T>(workspace: Workspace, args: readonly string[]): T {
  return JSON.parse(workspace.read(args)) as T;
}

interface RunJson {
  readonly run_id: string;
  readonly run_name: string;
  readonly state: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly store?: string;
  readonly damage?: { readonly path: string; readonly reason: string };
  readonly ranks?: readonly { readonly rank: number }[];
  readonly best_child?: string | null;
  readonly children?: readonly RunJson[];
}

describe("runs with a filter and an order", () => {
  test("the runs that match, in the order asked for, and how many of how many", (t) => {
    const found = place(t).run([
      "runs",
      "params.lr > 0.15 and metrics.val_loss < 0.325",
      "--order-by",
      "val_loss",
    ]);
    assert.deepEqual(names(found), ["lr0.2-s1", "lr0.2-s2", "lr0.2-s3", "lr0.3-s1", "lr0.3-s2"]);
    assert.equal(found.stderr, "5 of 9 runs match\n");
  });

  test("a mark before the key, DESC behind it, several keys", (t) => {
    const workspace = place(t);
    const descending = ["lr0.3-s3", "lr0.2-s3", "lr0.1-s3"];
    for (const order of [["--order-by=-val_loss"], ["--order-by", "metrics.val_loss DESC"]])
      assert.deepEqual(names(workspace.run(["runs", "params.seed = 3", ...order])), descending);
    const both = workspace.run([
      "runs",
      "--order-by",
      "params.seed",
      "--order-by",
      "params.lr DESC",
      "-n",
      "4",
    ]);
    assert.deepEqual(names(both), ["lr0.3-s1", "lr0.2-s1", "lr0.1-s1", "lr0.3-s2"]);
  });

  test("MLflow's spellings", (t) => {
    const workspace = place(t);
    const asMlflow = ["runs", "search", "--experiment-id", "0", "--filter", "params.lr = 0.1"];
    assert.equal(names(workspace.run(asMlflow)).length, 3);
    assert.equal(names(workspace.run(["runs", "list", "--experiment-id", "0"])).length, 9);
  });

  test("a key of the filter that no run has is told, with the nearest one", (t) => {
    const found = place(t).run(["runs", "metrics.val_los < 1"]);
    assert.equal(found.status, 0);
    assert.match(found.stderr, /^runstone: no run has a metric "val_los"; did you mean val_loss\?$/m);
  });

  test("ids, counts and pages are those of the whole listing", (t) => {
    const workspace = place(t);
    const filter = "params.opt = 'adam'";
    const all = workspace.read(["runs", filter, "--ids"]).split("\n");
    assert.equal(all.length, 9);
    assert.equal(workspace.read(["runs", filter, "--count"]), "9");
    assert.equal(workspace.read(["runs", "--count"]), "9");
    const pages: string[] = [];
    for (let token: string | undefined = ""; token !== undefined; ) {
      const page = workspace.run([
        "runs",
        filter,
        "--ids",
        "-n",
        "4",
        ...(token ? ["--page-token", token] : []),
      ]);
      pages.push(...page.stdout.trimEnd().split("\n"));
      token = /--page-token (\S+)/.exec(page.stderr)?.[1];
    }
    assert.deepEqual(pages, all);
  });

  test("a listing without a search is the same table as one with", (t) => {
    const workspace = place(t);
    for (const args of [
      [],
      ["-n", "2"],
      ["--view", "all", "-c", "val_*,+varying,commit"],
      ["--all", "-c", "opt"],
    ])
      assert.equal(workspace.read(["runs", ...args]), workspace.read(["runs", "", ...args]), args.join(" "));
    assert.equal(workspace.read(["runs", "--json"]), workspace.read(["runs", "", "--json"]));
  });

  test("a key that only params have needs no prefix", (t) => {
    const workspace = place(t);
    const found = workspace.read(["runs", "lr = 0.1", "--ids"]);
    assert.notEqual(found, "");
    assert.equal(found, workspace.read(["runs", "params.lr = 0.1", "--ids"]));
  });

  test("what says nothing together is refused, and what cannot be understood is pointed at", (t) => {
    const workspace = place(t);
    for (const args of [
      ["--tree", "--group-by", "lr"],
      ["--ids", "--count"],
      ["--stats"],
      ["--best", "val_loss"],
      ["--all", "--limit", "3"],
      ["--refresh=full", "--no-refresh"],
      ["--refresh", "maybe"],
      ["--group-by", "sede"],
      ["params.lr <"],
      ["--order-by", "nothing"],
      ["--page-token", "x"],
    ]) {
      const { status, stdout } = workspace.run(["runs", ...args]);
      assert.deepEqual([status, stdout], [2, ""], args.join(" "));
    }
    assert.match(workspace.run(["runs", "namee = 0.1"]).stderr, /Did you mean name\?/);
    assert.match(workspace.run(["runs", "--group-by", "sede"]).stderr, /Did you mean seed\?/);
  });
});

describe("columns", () => {
  test("globs, aggregates, attributes, and what varies", (t) => {
    const { stdout } = place(t).run([
      "runs",
      "params.lr = 0.1",
      "-c",
      "val_*",
      "-c",
      "val_loss.max,+varying,commit",
    ]);
    const head = stdout.split("\n")[0]!.trim().split(/ {2,}/);
    assert.deepEqual(head.slice(5), ["val_acc", "val_loss", "val_loss.max", "seed", "team", "COMMIT"]);
    assert.match(stdout, /0\.13 +9 +3 +b +abcdef0\n/);
  });

  test("what a word names is the same on every page, and no two heads are alike", (t) => {
    const workspace = place(t);
    writePlainRun(join(workspace.directory, "mlruns"), {
      id: "ffff",
      name: "newest",
      startTime: 99 * HOUR,
      params: { epoch: "7" },
    });
    const head = (...args: readonly string[]) => workspace.read(["runs", ...args]).split(/\r?\n/)[0];
    const csv = ["-c", "val_loss,team,epoch,opt", "--format", "csv"];
    assert.equal(head(...csv, "-n", "1"), "metrics.val_loss,tags.team,metrics.epoch,params.opt");
    assert.equal(head(...csv, "-n", "1"), head(...csv, "-n", "0"));
    assert.match(head("-c", "epoch,params.epoch")!, /metrics\.epoch +params\.epoch$/);
    assert.equal(head("-c", "status,age")!.match(/STATUS/g)?.length, 1);
    assert.match(
      workspace.run(["runs", "-c", "metrics.nothing*"]).stderr,
      /none of these runs has 'metrics.nothing\*'/,
    );
    for (const word of ["", "+foo"]) assert.equal(workspace.run(["runs", "-c", word]).status, 2);
    assert.equal(workspace.run(["runs", "-g", "lr", "--best", "val_loss,foo"]).status, 2);
    const ordered = workspace.read(["runs", "--order-by", "params.seed DESC, val_loss", "--ids"]);
    assert.equal(
      ordered,
      workspace.read(["runs", "--order-by", "params.seed DESC", "--order-by", "val_loss", "--ids"]),
    );
  });

  test("programs get the columns of all runs that match, on every page", (t) => {
    const workspace = place(t);
    const root = join(workspace.directory, "mlruns");
    writePlainRun(root, {
      id: "0dd",
      name: "odd",
      params: { only: "1" },
      metrics: { rare: [1] },
      startTime: 0,
    });
    const head = (...args: readonly string[]) =>
      workspace
        .read(["runs", "--format", "tsv", ...args])
        .split("\n")[0]!
        .split("\t");
    const all = head("--all");
    assert.deepEqual(
      all.filter((key) => key.includes(".")),
      [
        ...["epoch", "rare", "val_acc", "val_loss"].map((key) => `metrics.${key}`),
        ...["lr", "only", "opt", "seed"].map((key) => `params.${key}`),
      ],
    );
    assert.deepEqual(head("--limit", "2"), all);
    assert.deepEqual(head("--limit", "2", "--tree").slice(0, -1), all);
    const narrow = head("--limit", "1", "params.lr = 0.1");
    assert.deepEqual(
      narrow,
      all.filter((key) => key !== "metrics.rare" && key !== "params.only"),
    );
  });

  test("a key that no run has is told, with the nearest one", (t) => {
    const { status, stderr } = place(t).run(["runs", "-c", "vall_loss"]);
    assert.equal(status, 0);
    assert.match(stderr, /none of these runs has 'vall_loss'; did you mean val_loss\?/);
  });

  test("programs get exactly the columns they ask for, values whole", (t) => {
    const workspace = place(t);
    const args = [
      "runs",
      "params.lr = 0.3",
      "--order-by",
      "name",
      "-c",
      "name,val_loss,params.seed,start_time",
    ];
    assert.equal(
      workspace.read([...args, "--format", "csv"]).replaceAll("\r", ""),
      "run_name,metrics.val_loss,params.seed,start_time\n" +
        `lr0.3-s1,0.31,1,${21 * HOUR}\nlr0.3-s2,0.32,2,${22 * HOUR}\nlr0.3-s3,0.32999999999999996,3,${23 * HOUR}`,
    );
    assert.deepEqual(json(workspace, [...args, "--json", "-n", "1"]), [
      { run_name: "lr0.3-s1", "metrics.val_loss": 0.31, "params.seed": "1", start_time: 21 * HOUR },
    ]);
  });
});

describe("a damaged run", () => {
  test("is a row of its own, last, with the reason; the others are not touched", (t) => {
    const workspace = place(t);
    const broken = writePlainRun(join(workspace.directory, "mlruns"), { id: "bad", params: { lr: "0.1" } });
    writeFileSync(join(broken, "meta.yaml"), "artifact_uri: [\n");
    mkdirSync(join(workspace.directory, "mlruns/0", "c".repeat(32), "tags"), { recursive: true });
    for (const args of [["runs"], ["runs", "--order-by", "val_loss"]]) {
      const found = workspace.run(args);
      assert.equal(found.status, 0);
      const rows = table(found);
      assert.equal(rows.length, 11);
      assert.deepEqual(
        rows.slice(-2).map((cells) => cells[2]),
        ["DAMAGED", "DAMAGED"],
        args.join(" "),
      );
      assert.match(rows.at(-2)![1]!, /^\(.+\)$/);
      assert.equal(found.stderr.match(/damaged entries were met/g)?.length, 1);
    }
    const [run] = json<readonly RunJson[]>(workspace, [
      "runs",
      "state = DAMAGED and params.lr = 0.1",
      "--json",
    ]);
    assert.deepEqual([run?.state, run?.run_name], ["DAMAGED", null]);
    assert.match(run?.damage?.path ?? "", /^0\/bad0+\/meta\.yaml$/);
  });

  test("a search tells the damage of what it finds, and of the rest how much there is", (t) => {
    const workspace = place(t);
    const root = join(workspace.directory, "mlruns");
    for (const id of ["bad1", "bad2", "bad3", "bad4"])
      writeFileSync(join(writePlainRun(root, { id, name: id }), "meta.yaml"), "artifact_uri: [\n");
    writePlainRun(root, { id: "half", name: "half", metrics: { val_loss: "what\n1 0.5 0\n" } });
    const elsewhere = workspace.run(["runs", "params.lr = 0.1"]);
    assert.equal(
      elsewhere.stderr,
      "3 of 14 runs match\nrunstone: 5 damaged entries are left out of this search; `runstone fsck` lists them\n",
    );
    const { stdout, stderr } = workspace.run(["runs", "name = half or id = bad1"]);
    assert.match(stdout, /DAMAGED/);
    assert.match(stderr, /^runstone: 0\/half0+\/metrics\/val_loss: /m);
    assert.match(stderr, /^runstone: 0\/bad10+\/meta\.yaml: /m);
    assert.match(stderr, /^runstone: 3 damaged entries are left out of this search/m);
    assert.equal(workspace.run(["runs", "params.lr = 0.1", "--count"]).stdout, "3\n");
  });
});

describe("groups", () => {
  interface GroupJson {
    readonly group: Readonly<Record<string, string | null>>;
    readonly runs: number;
    readonly metrics: Readonly<Record<string, Readonly<Record<string, number | string | null>>>>;
  }

  test("one row a group with mean and interval, the best means in bold", (t) => {
    const workspace = place(t);
    const args = ["runs", "--group-by", "lr", "-c", "val_loss,val_acc"];
    // t(0.975, 2) = 4.3027: 0.01 * 4.3027 / sqrt(3) = 0.0248
    assert.deepEqual(table(workspace.run(args)), [
      ["0.1", "3", "0.120 ± 0.025", "0.9 ± 0", "01aaaa0"],
      ["0.2", "3", "0.220 ± 0.025", "0.8 ± 0", "11aaaa0"],
      ["0.3", "3", "0.320 ± 0.025", "0.7 ± 0", "21aaaa0"],
    ]);
    assert.match(
      workspace.read([...args, "--format", "md"]),
      /^\| 0\.1 \| 3 \| \*\*0\.120 ± 0\.025\*\* \| \*\*0\.9 ± 0\*\* \|/m,
    );
    const latex = workspace.read([...args, "--format", "latex"]);
    assert.match(latex, /^0\.1 & 3 & \\textbf\{\\boldmath \$0\.120 \\pm 0\.025\$\}/m);
    assert.match(latex, /^0\.2 & 3 & \$0\.220 \\pm 0\.025\$/m);
  });

  test("all statistics, NaN and missing values counted and left out, one value without an interval", (t) => {
    const workspace = place(t);
    const root = join(workspace.directory, "mlruns");
    writePlainRun(root, { id: "n1", params: { lr: "0.1" }, metrics: { val_loss: "1 nan 0\n" } });
    writePlainRun(root, { id: "n2", params: { lr: "0.1" } });
    writePlainRun(root, { id: "n3", params: { lr: "9" }, metrics: { val_loss: [2] } });
    const groups = json<readonly GroupJson[]>(workspace, [
      "runs",
      "-g",
      "params.lr",
      "-c",
      "val_loss",
      "--json",
    ]);
    const [first, , , last] = groups;
    const { ci95, std, mean, ...counts } = first!.metrics.val_loss!;
    assert.deepEqual(counts, {
      n: 3,
      not_finite: 1,
      missing: 1,
      min: 0.11,
      max: 0.13,
      direction: "min",
      best_run_id: "01aaaa".padEnd(32, "0"),
    });
    for (const [value, expected] of [
      [mean, 0.12],
      [std, 0.01],
      [ci95, (0.01 * 4.302_652_729_749_464) / Math.sqrt(3)],
    ] as const)
      assert.ok(Math.abs(Number(value) - expected) < 1e-12, `${value} is not ${expected}`);
    assert.deepEqual(first?.runs, 5);
    assert.deepEqual([last?.metrics.val_loss?.std, last?.metrics.val_loss?.ci95], [null, null]);
    assert.match(
      workspace.read(["runs", "-g", "lr", "-c", "val_loss"]),
      /^0\.1 +5 +0\.120 ± 0\.025 \(3\/5\)/m,
    );
    const long = workspace.read(["runs", "-g", "lr", "-c", "val_loss", "--stats"]);
    assert.match(long, /^9 +val_loss +1 +0 +0 +2 +- +- +2 +2 +n3/m);
  });

  test("several keys, an order, a filter before, a limit after", (t) => {
    const args = [
      "runs",
      "params.lr < 0.25",
      "-g",
      "lr,team",
      "-c",
      "val_loss",
      "--order-by",
      "val_loss DESC",
      "-n",
      "2",
    ];
    const found = place(t).run(args);
    assert.deepEqual(
      table(found).map((cells) => cells.slice(0, 3)),
      [
        ["0.2", "b", "2"],
        ["0.2", "a", "1"],
      ],
    );
    assert.match(found.stderr, /^2 of 4 groups; --all shows all/);
  });
});

test("an index that was not brought up to date says how old it is, and the files say more", (t) => {
  const workspace = place(t);
  const indexed = workspace.run(["runs", "params.opt = 'adam'", "--count"]);
  assert.equal(indexed.stdout, "9\n", indexed.stderr);
  writePlainRun(join(workspace.directory, "mlruns"), { id: "new", params: { opt: "adam" } });
  assert.equal(workspace.read(["runs", "params.opt = 'adam'", "--no-refresh", "--count"]), "9");
  assert.equal(workspace.read(["runs", "params.opt = 'adam'", "--count"]), "10");
  assert.equal(workspace.read(["runs", "params.opt = 'adam'", "--refresh=full", "--count"]), "10");
});

test("other commands know the newest and the best run, too", (t) => {
  const workspace = place(t);
  assert.equal(json<RunJson>(workspace, ["show", "@last", "--json"]).run_name, "lr0.3-s3");
  assert.equal(json<RunJson>(workspace, ["show", "@best(val_loss)", "--json"]).run_name, "lr0.1-s1");
  workspace.read(["tag", "@best(val_acc)", "@last~1", "kept=yes"]);
  assert.deepEqual(names(workspace.run(["runs", "tags.kept = 'yes'"])), ["lr0.3-s2", "lr0.1-s1"]);
  workspace.read(["log", "metric", "late=1", "--run", "@best(val_loss)"]);
  workspace.read(["log", "tag", "late=yes", "--run", "@last"]);
  assert.deepEqual(names(workspace.run(["runs", "tags.late = yes"])), ["lr0.3-s3"]);
  workspace.read(["run", "--name", "child", "--parent", "@best(val_loss)", "--", "true"]);
  const child = json<RunJson>(workspace, ["show", "@last", "--json"]);
  assert.deepEqual([child.run_name, child.tags["mlflow.parentRunId"]], ["child", "01aaaa".padEnd(32, "0")]);
  workspace.read(["run", "--resume", "@last", "--", "true"]);
  assert.equal(json<RunJson>(workspace, ["show", "@last", "--json"]).run_id, child.run_id);
  for (const args of [
    ["log", "metric", "x=1", "--run", "@best(vall_loss)"],
    ["run", "--resume", "@best(vall_loss)", "--", "true"],
  ]) {
    const refused = workspace.run(args);
    assert.equal(refused.status, 3, refused.stderr);
    assert.match(refused.stderr, /^runstone: no run has a metric 'vall_loss'\n {2}Did you mean val_loss\?/);
  }
  const { status, stderr } = workspace.run(["show", "@best(vall_loss)"]);
  assert.equal(status, 3);
  assert.match(stderr, /Did you mean val_loss\?/);
});

describe("trees and jobs", () => {
  function withFamily(workspace: Workspace): void {
    const root = join(workspace.directory, "mlruns");
    const child = (id: string, loss: number): PlainRun => ({
      id,
      name: id,
      startTime: 50 * HOUR,
      tags: { "mlflow.parentRunId": "face".padEnd(32, "0") },
      metrics: { val_loss: [loss] },
    });
    writePlainRun(root, { id: "face", name: "sweep", startTime: 51 * HOUR });
    for (const [id, loss] of [
      ["face1", 0.3],
      ["face2", 0.2],
      ["face3", Number.NaN],
    ] as const)
      writePlainRun(root, child(id, loss));
  }

  test("children hang below their parent, the best is marked", (t) => {
    const workspace = place(t);
    withFamily(workspace);
    const found = workspace.run(["runs", "--tree", "-n", "1", "--best", "val_loss"]);
    assert.deepEqual(names(found), ["sweep", "├─ face1", "├─ face2 *", "└─ face3"]);
    assert.match(found.stderr, /^1 of 10 trees/);
    const csv = workspace.read(["runs", "--tree", "-n", "1", "--best", "val_loss", "--format", "csv"]);
    assert.match(csv, /,parent,best_child\r\n/);
    assert.match(csv, /\nface1.*,face0{28},\r\n/);
    const [top] = json<readonly RunJson[]>(workspace, ["runs", "--tree", "-n", "1", "--json"]);
    assert.equal(top?.best_child, "face2".padEnd(32, "0"));
    assert.deepEqual(
      top?.children?.map(({ run_name }) => run_name),
      ["face1", "face2", "face3"],
    );
  });

  test("a child that matches is shown where it hangs", (t) => {
    const workspace = place(t);
    withFamily(workspace);
    for (const [name, shown] of [
      ["face1", "└─ face1"],
      ["face2", "└─ face2 *"],
    ] as const)
      assert.deepEqual(names(workspace.run(["runs", `name = '${name}'`, "--tree"])), ["sweep", shown]);
  });

  test("the ranks of a job are one row, with the worst state and all their metrics", (t) => {
    const workspace = place(t);
    const rank = (number: number): PlainRun => ({
      id: `eeee${number}`,
      name: `rank${number}`,
      status: number === 2 ? 4 : 3,
      startTime: 60 * HOUR + number,
      tags: { "runstone.rank": String(number), "runstone.world_size": "4" },
      metrics: { [`loss${number}`]: [number] },
    });
    for (const number of [2, 0, 1]) writePlainRun(join(workspace.directory, "mlruns"), rank(number));
    const found = workspace.run(["runs", "--join-ranks", "-c", "loss*"]);
    assert.deepEqual(table(found)[0], [
      "eeee000",
      "rank0",
      "FAILED",
      table(found)[0]![3]!,
      "1m00s",
      "3/4",
      "0",
      "1",
      "2",
    ]);
    assert.equal(workspace.read(["runs", "--join-ranks", "--count"]), "10");
    const [job] = json<readonly RunJson[]>(workspace, ["runs", "--join-ranks", "--json", "-n", "1"]);
    assert.equal(job?.state, "FAILED");
    assert.equal(
      workspace.read(["runs", "--join-ranks", "-n1", "-c", "status,state", "--format", "csv"]),
      "status,state\r\nFAILED,FAILED\r",
    );
    const groups = workspace.read([
      "runs",
      "name LIKE 'rank%'",
      "--join-ranks",
      "-g",
      "experiment",
      "--json",
    ]);
    const [group] = JSON.parse(groups) as readonly {
      readonly runs: number;
      readonly metrics: Record<string, { readonly mean: number }>;
    }[];
    assert.equal(group?.runs, 1);
    assert.deepEqual(
      ["loss0", "loss1", "loss2"].map((key) => group?.metrics[key]?.mean),
      [0, 1, 2],
    );
    for (const key of ["status", "state"])
      assert.deepEqual(
        JSON.parse(workspace.read(["runs", "--join-ranks", "-g", key, "--json"])).map(
          (each: { readonly group: object; readonly runs: number }) => [Object.values(each.group), each.runs],
        ),
        [
          [["FAILED"], 1],
          [["FINISHED"], 9],
        ],
      );
    assert.deepEqual(
      job?.ranks?.map((one) => one.rank),
      [0, 1, 2],
    );
  });
});

describe("saved views", () => {
  test("a listing comes back by its name; what is given beside it wins", (t) => {
    const workspace = place(t);
    workspace.read(["init"]);
    const asked = ["runs", "params.lr < 0.25", "--order-by", "val_loss DESC", "-c", "val_loss", "-n", "2"];
    const saved = workspace.read([...asked, "--save-view", "mine"]);
    assert.equal(workspace.read(["runs", "--saved", "mine"]), saved);
    assert.deepEqual(names(workspace.run(["runs", "--saved", "mine", "-n", "1"])), ["lr0.2-s3"]);
    assert.deepEqual(names(workspace.run(["runs", "params.lr = 0.3", "--saved", "mine"])), [
      "lr0.3-s3",
      "lr0.3-s2",
    ]);
    assert.match(workspace.run([...asked, "--save-view", "mine"]).stderr, /^replaced .*mine\.yaml/m);
    const bad = join(workspace.directory, ".runstone/views/bad.yaml");
    writeFileSync(bad, "format: [");
    const refused = workspace.run(["runs", "--saved", "bad"]).stderr;
    assert.match(refused, /or save the view again/);
    assert.doesNotMatch(refused, /fsck/);
    assert.match(workspace.run(["runs", "--order-by", "-lr"]).stderr, /--order-by=-/);
    const line = workspace.read(["views", "show", "mine"]);
    assert.equal(workspace.script(line).stdout.trimEnd(), saved);
    assert.match(workspace.read(["views"]), /^mine +runstone runs /m);
    assert.match(
      readFileSync(join(workspace.directory, ".runstone/views/mine.yaml"), "utf8"),
      /^format: 1$/m,
    );
    workspace.read(["views", "remove", "mine"]);
    assert.equal(workspace.run(["runs", "--saved", "mine"]).status, 3);
  });

  test("outside a workspace there is no place for one", (t) => {
    const { status, stderr } = place(t).run(["runs", "--save-view", "mine"]);
    assert.equal(status, 3);
    assert.match(stderr, /runstone init/);
  });
});
